#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.hpp"
#include "device/accelerator.hpp"
#include "device/twin.hpp"
#include "kernels/api/aligned.hpp"

namespace dream::device {
namespace {

using kernels::Element;
using kernels::twin::Tasks;

std::vector<float> floats(Element element, const void* from, std::int64_t count) {
  std::vector<float> result(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i)
    result[static_cast<std::size_t>(i)] = kernels::load(element, from, i);
  return result;
}

void multiply_now(const Product& product, Element element) {
  const auto& [x, weights, bias, y, rows, inputs, outputs, then, to_floats] = product;
  const auto from = floats(element, x, rows * inputs), w = floats(element, weights, outputs * inputs),
             b = bias != nullptr ? floats(element, bias, outputs)
                                 : std::vector<float>(static_cast<std::size_t>(outputs));
  std::vector<float> to(static_cast<std::size_t>(rows * outputs));
  kernels::reference::linear({{w.data(), outputs, inputs}, b}, {from.data(), rows, inputs},
                             {to.data(), rows, outputs}, then);
  const auto stored = to_floats ? Element::fp32 : element;
  for (std::int64_t i = 0; i < rows * outputs; ++i)
    kernels::store(stored, y, i, to[static_cast<std::size_t>(i)]);
}

class Twin final : public Accelerator {
 public:
  Twin() { run_.later = &queue_; }

  std::string numeric_class() const override { return "twin"; }
  const kernels::DeviceKernels& kernels() const override { return kernels::twin::device_kernels(); }
  kernels::Stream stream() const override { return {&run_}; }
  Memory host_memory(std::int64_t bytes) override { return allocate(bytes); }
  void copy_in(void* to, const void* from_host, std::int64_t bytes) override { copy(to, from_host, bytes); }
  void copy_out(void* to_host, const void* from, std::int64_t bytes) override { copy(to_host, from, bytes); }

  void multiply(const Product& product, Element element) override {
    DREAM_CHECK(product.then != kernels::Then::gelu && product.then != kernels::Then::add,
                "no epilogue of cuBLASLt");
    run_.later->emplace_back([product, element] { multiply_now(product, element); });
  }

  Recording record(const std::function<void()>& work) override {
    auto tasks = std::make_shared<Tasks>();
    run_.later = tasks.get();
    try {
      work();
    } catch (...) {
      run_.later = &queue_;
      throw;
    }
    run_.later = &queue_;
    return tasks;
  }
  void play(const Recording& recording) override {
    queue_.emplace_back([tasks = std::static_pointer_cast<Tasks>(recording)] {
      for (const auto& task : *tasks) task();
    });
  }

  Mark mark() override { return nullptr; }
  void wait(const Mark& /*mark*/, const Pulse& pulse) override {
    pulse();
    for (const auto& task : std::exchange(queue_, {})) task();
  }
  bool drain() noexcept override {
    queue_.clear();
    return true;
  }

 private:
  Memory allocate(std::int64_t bytes) override {
    const auto owner = std::make_shared<kernels::AlignedBytes>(bytes);
    return {owner, owner->data()};
  }
  void copy(void* to, const void* from, std::int64_t bytes) {
    run_.later->emplace_back([=] { std::memcpy(to, from, static_cast<std::size_t>(bytes)); });
  }

  Tasks queue_;
  mutable kernels::twin::Run run_;
};

std::int64_t number(const char* name, std::int64_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::atoll(text) : otherwise;
}

}  // namespace

Gpus find_twins() {
  Gpus gpus;
  const auto driver = static_cast<int>(number("DREAM_TWIN_DRIVER", 0));
  if (driver != 0) {
    gpus.absence = absence_of(35, "", driver, 13000);
    return gpus;
  }
  const auto count = number("DREAM_TWIN_GPUS", 1);
  for (int i = 0; i < count; ++i) {
    gpus.list.push_back({i, "twin", "twin-" + std::to_string(i),
                         static_cast<int>(number("DREAM_TWIN_MAJOR", 9)), 0,
                         number("DREAM_TWIN_MIB", 4096) << 20});
  }
  if (gpus.list.empty()) gpus.absence = absence_of(100, "", 13000, 13000);
  return gpus;
}

std::unique_ptr<Accelerator> make_twin_accelerator() { return std::make_unique<Twin>(); }

}  // namespace dream::device
