#include "text/model_tokenizer.hpp"

#include "base/errors.hpp"
#include "text/tokenizer_files.hpp"

namespace dream::text {

namespace fs = std::filesystem;

ModelTokenizer load_model_tokenizer(const fs::path& folder) {
  const auto has = [&](const char* name) { return fs::exists(folder / name); };
  if (has("tokenizer.json")) return read_tokenizer_json(folder / "tokenizer.json");
  if (has("vocab.txt")) return read_wordpiece_list(folder / "vocab.txt");
  for (const char* name : {"sentencepiece.bpe.model", "spiece.model", "tokenizer.model"}) {
    if (has(name)) return read_sentencepiece(folder / name);
  }
  if (has("vocab.json") && has("merges.txt")) return read_byte_level(folder);
  for (const char* name : {"cl100k_base", "p50k_base", "r50k_base", "gpt2"}) {
    const auto path = folder / (std::string(name) + ".tiktoken");
    if (fs::exists(path)) return read_tiktoken(path);
  }
  throw ModelError(folder.string(), "",
                   "has no tokens: none of tokenizer.json, vocab.txt, sentencepiece.bpe.model, spiece.model, "
                   "tokenizer.model, vocab.json with merges.txt, cl100k_base.tiktoken");
}

}  // namespace dream::text
