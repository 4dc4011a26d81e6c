#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "base/errors.hpp"
#include "device/accelerator.hpp"
#include "device/cublas.hpp"

namespace dream::device {
namespace {

/// What NVIDIA advises for Hopper.
constexpr std::int64_t workspace_bytes = 32LL << 20;

void check(cudaError_t code, const std::string& call) {
  if (code == cudaSuccess) return;
  throw Error(ExitCode::device,
              fmt::format("{}: {} (code {})", call, cudaGetErrorString(code), static_cast<int>(code)));
}

class Cuda final : public Accelerator {
 public:
  explicit Cuda(const Gpu& gpu) {
    check(cudaSetDevice(gpu.index), fmt::format("cudaSetDevice({}), {}", gpu.index, gpu.name));
    // Not the default stream, with which others would have to wait.
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    products_ = std::make_unique<Cublas>(memory(workspace_bytes), workspace_bytes);
  }
  ~Cuda() override {
    // Nobody may read what is freed now. An error was told where it was met, or is nobody's business any
    // more.
    cudaStreamSynchronize(stream_);
    products_.reset();
    cudaStreamDestroy(stream_);
  }
  Cuda(const Cuda&) = delete;
  Cuda& operator=(const Cuda&) = delete;

  const kernels::DeviceKernels& kernels() const override { return kernels::cuda::device_kernels(); }
  kernels::Stream stream() const override { return {stream_}; }

  Memory memory(std::int64_t bytes) override {
    void* place = nullptr;
    const auto size = static_cast<std::size_t>(bytes);
    check(cudaMalloc(&place, size), fmt::format("cudaMalloc of {} MiB", bytes >> 20));
    Memory owner(static_cast<std::byte*>(place), [](std::byte* p) { cudaFree(p); });
    check(cudaMemsetAsync(place, 0, size, stream_), "cudaMemsetAsync");
    return owner;
  }
  Memory host_memory(std::int64_t bytes) override {
    void* place = nullptr;
    check(cudaMallocHost(&place, static_cast<std::size_t>(bytes)),
          fmt::format("cudaMallocHost of {} MiB", bytes >> 20));
    return {static_cast<std::byte*>(place), [](std::byte* p) { cudaFreeHost(p); }};
  }

  void copy_in(void* to, const void* from_host, std::int64_t bytes) override {
    copy(to, from_host, bytes, cudaMemcpyHostToDevice);
  }
  void copy_out(void* to_host, const void* from, std::int64_t bytes) override {
    copy(to_host, from, bytes, cudaMemcpyDeviceToHost);
  }
  void multiply(const Product& product, kernels::Element element) override {
    products_->multiply(product, element, stream_);
  }

  Mark mark() override {
    cudaEvent_t event = nullptr;
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    Mark owner(event, [](void* e) { cudaEventDestroy(static_cast<cudaEvent_t>(e)); });
    check(cudaEventRecord(event, stream_), "cudaEventRecord");
    return owner;
  }
  void wait(const Mark& mark, const Pulse& pulse) override {
    while (true) {
      const auto code = cudaEventQuery(static_cast<cudaEvent_t>(mark.get()));
      if (code == cudaSuccess) return;
      if (code != cudaErrorNotReady) check(code, "the GPU's work");
      pulse();
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

 private:
  void copy(void* to, const void* from, std::int64_t bytes, cudaMemcpyKind way) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), way, stream_), "cudaMemcpyAsync");
  }

  cudaStream_t stream_ = nullptr;
  std::unique_ptr<Cublas> products_;
};

}  // namespace

std::unique_ptr<Accelerator> make_cuda_accelerator(const Gpu& gpu) { return std::make_unique<Cuda>(gpu); }

}  // namespace dream::device
