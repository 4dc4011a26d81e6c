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

/// A batch takes milliseconds; a GPU that has not done one after this stands still.
constexpr std::chrono::seconds deadline{120};

/// CUDA keeps an error until somebody takes it.
void check(cudaError_t code, const std::string& call) {
  if (code == cudaSuccess) return;
  cudaGetLastError();
  throw Error(ExitCode::device,
              fmt::format("{}: {} (code {})", call, cudaGetErrorString(code), static_cast<int>(code)));
}

class Cuda final : public Accelerator {
 public:
  explicit Cuda(const Gpu& gpu) : gpu_(gpu) {
    check(cudaSetDevice(gpu.index), fmt::format("cudaSetDevice({}), {}", gpu.index, gpu.name));
    // Not the default stream, with which others would have to wait.
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    products_ = std::make_unique<Cublas>(memory(workspace_bytes), workspace_bytes);
  }
  ~Cuda() override {
    // Nobody may read what is freed now. What does not end is left behind; the process ends soon.
    if (drain()) {
      products_.reset();
      cudaStreamDestroy(stream_);
    } else {
      static_cast<void>(products_.release());
    }
  }
  Cuda(const Cuda&) = delete;
  Cuda& operator=(const Cuda&) = delete;

  std::string numeric_class() const override {
    return fmt::format("cuda {}.{} {}, cuBLASLt {}", gpu_.major, gpu_.minor, gpu_.name, products_->version());
  }
  const kernels::DeviceKernels& kernels() const override { return kernels::cuda::device_kernels(); }
  kernels::Stream stream() const override { return {stream_}; }

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

  Recording record(const std::function<void()>& work) override {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    cudaGraph_t graph = nullptr;
    try {
      work();
    } catch (...) {
      cudaStreamEndCapture(stream_, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      cudaGetLastError();
      throw;
    }
    check(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
    const std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, decltype(&cudaGraphDestroy)> owner(
        graph, &cudaGraphDestroy);
    cudaGraphExec_t made = nullptr;
    check(cudaGraphInstantiate(&made, graph, 0), "cudaGraphInstantiate");
    return {made, [](void* p) { cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(p)); }};
  }
  void play(const Recording& recording) override {
    check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(recording.get()), stream_), "cudaGraphLaunch");
  }

  Mark mark() override {
    cudaEvent_t event = nullptr;
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    Mark owner(event, [](void* e) { cudaEventDestroy(static_cast<cudaEvent_t>(e)); });
    check(cudaEventRecord(event, stream_), "cudaEventRecord");
    return owner;
  }
  void wait(const Mark& mark, const Pulse& pulse) override {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (true) {
      const auto code = cudaEventQuery(static_cast<cudaEvent_t>(mark.get()));
      if (code == cudaSuccess) return;
      if (code != cudaErrorNotReady)
        check(code, fmt::format("the work of GPU {} ({})", gpu_.index, gpu_.name));
      cudaGetLastError();  // "not ready" is kept like any other
      if (std::chrono::steady_clock::now() > end) {
        throw Error(
            ExitCode::device,
            fmt::format("GPU {} ({}) has not done a batch after {} s; see nvidia-smi and the kernel's "
                        "log (Xid) on this host, and start again without that GPU",
                        gpu_.index, gpu_.name, deadline.count()));
      }
      pulse();
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
  bool drain() noexcept override {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (true) {
      const auto code = cudaStreamQuery(stream_);
      cudaGetLastError();
      // Any error but this one has ended the context, and all that it did.
      if (code != cudaErrorNotReady) return true;
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

 private:
  Memory allocate(std::int64_t bytes) override {
    void* place = nullptr;
    const auto size = static_cast<std::size_t>(bytes);
    check(cudaMalloc(&place, size), fmt::format("cudaMalloc of {} MiB", bytes >> 20));
    Memory owner(static_cast<std::byte*>(place), [](std::byte* p) { cudaFree(p); });
    check(cudaMemsetAsync(place, 0, size, stream_), "cudaMemsetAsync");
    return owner;
  }
  void copy(void* to, const void* from, std::int64_t bytes, cudaMemcpyKind way) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), way, stream_), "cudaMemcpyAsync");
  }

  Gpu gpu_;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<Cublas> products_;
};

}  // namespace

std::unique_ptr<Accelerator> make_cuda_accelerator(const Gpu& gpu) { return std::make_unique<Cuda>(gpu); }

}  // namespace dream::device
