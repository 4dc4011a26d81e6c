// The reader of tokenizer.json on arbitrary bytes, and what it read on a text that has a bit of everything.
#include "base/errors.hpp"
#include "tests/fuzz/as_file.hpp"
#include "text/tokenizer_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dream::fuzz::AsFile file(data, size);
  try {
    const auto model = dream::text::read_tokenizer_json(file.path());
    (void)model.tokenizer->identity();
    (void)model.tokenizer->encode(
        "A caf\u00e9, <mask> [SEP]  12 \u2581\u4e2d\u6587 e\u0301\n\xff it's a\u0300\u200d");
  } catch (const dream::ModelError&) {
  }
  return 0;
}
