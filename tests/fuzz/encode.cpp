// encode() of arbitrary bytes with each kind of tokenizer: whatever comes in, tokens are known ids and lie in
// the text. The first byte chooses the kind. DREAM_FUZZ_TOKENIZERS is the folder tests/data/tokenizers.
#include <cstdlib>
#include <string_view>
#include <vector>

#include "text/model_tokenizer.hpp"

namespace {

std::vector<dream::text::ModelTokenizer> all_kinds() {
  const std::filesystem::path folder = DREAM_FUZZ_TOKENIZERS;
  std::vector<dream::text::ModelTokenizer> kinds;
  for (const char* kind :
       {"bert", "mpnet", "roberta", "e5", "llama", "tiktoken", "xlm_roberta_model", "sentencepiece_bpe"})
    kinds.push_back(dream::text::load_model_tokenizer(folder / kind));
  return kinds;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto kinds = all_kinds();
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto& kind = kinds[data[0] % kinds.size()];
  const auto tokens = kind.tokenizer->encode(text);
  std::int64_t begin = 0;
  for (const auto& token : tokens) {
    require(token.id >= 0 && token.id < kind.vocabulary_size);
    require(token.begin >= begin && token.begin <= token.end);
    require(token.end <= static_cast<std::int64_t>(text.size()));
    begin = token.begin;
  }
  require(kind.tokenizer->count(text) == static_cast<std::int64_t>(tokens.size()));
  return 0;
}
