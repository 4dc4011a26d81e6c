// The readers of the other forms of tokens on arbitrary bytes. The first byte chooses the form: vocab.txt, a
// sentence-piece model, a rank file of tiktoken, vocab.json and merges.txt (with a NUL between them).
#include <algorithm>
#include <fstream>
#include <string_view>

#include "base/errors.hpp"
#include "tests/fuzz/folder.hpp"
#include "text/model_tokenizer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const dream::fuzz::Folder folder;
  folder.clear();
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const char* names[] = {"vocab.txt", "sentencepiece.bpe.model", "tokenizer.model", "cl100k_base.tiktoken",
                         "vocab.json"};
  const auto form = data[0] % 5U;
  const auto end = form == 4 ? std::min(bytes.find('\0'), bytes.size()) : bytes.size();
  folder.write(names[form], bytes.substr(0, end));
  if (form == 1) folder.write("tokenizer_config.json", R"({"tokenizer_class": "XLMRobertaTokenizer"})");
  if (form == 4) folder.write("merges.txt", end < bytes.size() ? bytes.substr(end + 1) : "");
  try {
    const auto model = dream::text::load_model_tokenizer(folder.path());
    (void)model.tokenizer->identity();
    (void)model.tokenizer->encode(
        "A caf\u00e9, <mask> [SEP]  12 \u2581\u4e2d\u6587 e\u0301\n\xff it's a\u0300\u200d");
  } catch (const dream::ModelError&) {
  }
  return 0;
}
