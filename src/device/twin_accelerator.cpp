#include <cstring>
#include <vector>

#include "base/errors.hpp"
#include "device/accelerator.hpp"
#include "kernels/api/aligned.hpp"

namespace dream::device {
namespace {

using kernels::Element;

std::vector<float> floats(Element element, const void* from, std::int64_t count) {
  std::vector<float> result(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i)
    result[static_cast<std::size_t>(i)] = kernels::load(element, from, i);
  return result;
}

class Twin final : public Accelerator {
 public:
  const kernels::DeviceKernels& kernels() const override { return kernels::twin::device_kernels(); }
  kernels::Stream stream() const override { return {}; }
  Memory memory(std::int64_t bytes) override {
    const auto owner = std::make_shared<kernels::AlignedBytes>(bytes);
    return {owner, owner->data()};
  }
  Memory host_memory(std::int64_t bytes) override { return memory(bytes); }
  void copy_in(void* to, const void* from_host, std::int64_t bytes) override { copy(to, from_host, bytes); }
  void copy_out(void* to_host, const void* from, std::int64_t bytes) override { copy(to_host, from, bytes); }

  void multiply(const Product& product, Element element) override {
    const auto& [x, weights, bias, y, rows, inputs, outputs, then] = product;
    DREAM_CHECK(then != kernels::Then::gelu && then != kernels::Then::add, "no epilogue of cuBLASLt");
    const auto from = floats(element, x, rows * inputs), w = floats(element, weights, outputs * inputs),
               b = floats(element, bias, outputs);
    std::vector<float> to(static_cast<std::size_t>(rows * outputs));
    kernels::reference::linear({{w.data(), outputs, inputs}, b}, {from.data(), rows, inputs},
                               {to.data(), rows, outputs}, then);
    for (std::int64_t i = 0; i < rows * outputs; ++i)
      kernels::store(element, y, i, to[static_cast<std::size_t>(i)]);
  }

  Mark mark() override { return nullptr; }
  void wait(const Mark& /*mark*/, const Pulse& pulse) override { pulse(); }

 private:
  static void copy(void* to, const void* from, std::int64_t bytes) {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
};

}  // namespace

std::unique_ptr<Accelerator> make_twin_accelerator() { return std::make_unique<Twin>(); }

}  // namespace dream::device
