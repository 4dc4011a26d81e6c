// The reader of weights on arbitrary bytes: it may refuse them with a ModelError, and nothing else.
#include "model/safetensors.hpp"

#include "base/errors.hpp"
#include "tests/fuzz/as_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dream::fuzz::AsFile file(data, size);
  try {
    const dream::model::SafeTensors tensors(file.path());
    (void)tensors.digest();
    float sum = 0;
    const auto touch = [&](const char* name, std::initializer_list<std::int64_t> shape) {
      try {
        const auto floats = tensors.floats(name, shape);
        for (const float value : floats.values()) sum += value;
      } catch (const dream::ModelError&) {
      }
    };
    touch("w", {2, 3});
    touch("b", {4});
    touch("h", {2, 2});
    touch("s", {});
    touch("e", {0, 5});
    volatile float seen = sum;
    (void)seen;
  } catch (const dream::ModelError&) {
  }
  return 0;
}
