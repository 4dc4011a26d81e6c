// The readers of a sentence-transformers folder's settings on arbitrary bytes: the files, in the order below,
// with a NUL between them; an empty one is absent.
#include <algorithm>
#include <string_view>

#include "base/errors.hpp"
#include "model/sentence_model.hpp"
#include "tests/fuzz/folder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dream::fuzz::Folder folder;
  folder.clear();
  folder.write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\n");
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"config.json", "modules.json", "1_Pooling/config.json", "2_Dense/config.json",
                           "sentence_bert_config.json", "config_sentence_transformers.json",
                           "tokenizer_config.json", "model.safetensors.index.json"}) {
    const auto end = std::min(rest.find('\0'), rest.size());
    if (end > 0) folder.write(name, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  try {
    const auto model = dream::model::read_sentence_model(folder.path());
    (void)model.outputs();
    (void)model.head();
    (void)model.identity();
  } catch (const dream::ModelError&) {
  }
  return 0;
}
