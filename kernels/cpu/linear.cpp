#include "kernels/api/linear.hpp"

#include <omp.h>

#include <dnnl.hpp>
#include <string>
#include <vector>

#include "base/errors.hpp"
#include "kernels/api/aligned.hpp"
#include "kernels/api/numeric_class.hpp"
#include "kernels/cpu/dispatch.hpp"

namespace dream::kernels::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;

/// oneDNN plans and runs with as many threads as OpenMP would give it. Tiles are what we run in parallel, so
/// inside a tile it gets one: the result then has one order of summation, and no two pools fight for the
/// cores.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

Desc plain(std::int64_t rows, std::int64_t cols) {
  return {{rows, cols}, dnnl::memory::data_type::f32, Tag::ab};
}

template <class Run>
auto checked(const char* what, Run run) {
  try {
    return run();
  } catch (const dnnl::error& error) {
    throw InternalError(std::string("oneDNN: ") + what + ": " + error.what());
  }
}

const dnnl::engine& engine() {
  settle_targets();
  static const dnnl::engine the_engine(dnnl::engine::kind::cpu, 0);  // a handle without state
  return the_engine;
}

}  // namespace

struct LinearContext::Impl {
  struct Shape {
    std::int64_t rows, cols;
    dnnl::memory memory;
  };
  dnnl::stream stream{engine()};
  std::vector<Shape> sources;
  std::vector<Shape> results;
  AlignedFloats scratch;

  /// A memory object of that shape over `data`. They are kept, because making one allocates.
  static dnnl::memory& over(std::vector<Shape>& shapes, std::int64_t rows, std::int64_t cols, float* data) {
    for (auto& shape : shapes) {
      if (shape.rows == rows && shape.cols == cols) {
        shape.memory.set_data_handle(data);
        return shape.memory;
      }
    }
    return shapes.emplace_back(Shape{rows, cols, dnnl::memory(plain(rows, cols), engine(), data)}).memory;
  }
};

int linear_rows() {
  // Without AVX-512, oneDNN's sgemm works on 6 rows at a time and sums those left over in another order, so
  // the rows must be a multiple of 6. Its AVX-512 code has no such seam, and runs at full speed from 16 rows
  // on.
  return numeric_class() == "avx512" ? 16 : 48;
}

LinearContext::LinearContext() : impl_(std::make_unique<Impl>()) {}
LinearContext::~LinearContext() = default;
LinearContext::LinearContext(LinearContext&&) noexcept = default;
LinearContext& LinearContext::operator=(LinearContext&&) noexcept = default;

struct PackedLinear::Impl {
  std::int64_t rows, inputs, outputs;
  dnnl::matmul primitive;
  dnnl::memory weight, bias;
  Desc scratch;
};

PackedLinear::PackedLinear(const LinearWeights& weights, int rows) {
  const OneThread guard;
  const auto k = weights.weight.cols;
  const auto n = weights.weight.rows;
  impl_ = checked("cannot pack a linear layer", [&] {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(
        dnnl::scratchpad_mode::user);  // the library's own would be tied to this thread
    const Desc any({k, n}, dnnl::memory::data_type::f32, Tag::any);
    const dnnl::matmul::primitive_desc plan({plain(rows, k), any, plain(1, n), plain(rows, n)}, attributes,
                                            engine());
    auto impl = std::make_unique<Impl>(Impl{rows, k, n, dnnl::matmul(plan), {}, {}, plan.scratchpad_desc()});
    impl->weight = dnnl::memory(plan.weights_desc(), engine());
    impl->bias = dnnl::memory(plain(1, n), engine());
    dnnl::stream stream(engine());
    // oneDNN's (K, N) is the stored (N, K) read the other way: format ba.
    dnnl::memory stored({{k, n}, dnnl::memory::data_type::f32, Tag::ba}, engine(),
                        const_cast<float*>(weights.weight.data));
    dnnl::memory stored_bias(plain(1, n), engine(), const_cast<float*>(weights.bias.data()));
    dnnl::reorder(stored, impl->weight).execute(stream, stored, impl->weight);
    dnnl::reorder(stored_bias, impl->bias).execute(stream, stored_bias, impl->bias);
    stream.wait();
    return impl;
  });
}
PackedLinear::~PackedLinear() = default;
PackedLinear::PackedLinear(PackedLinear&&) noexcept = default;
PackedLinear& PackedLinear::operator=(PackedLinear&&) noexcept = default;

void PackedLinear::apply(LinearContext& context, const float* x, float* y) const {
  const OneThread guard;
  auto& my = *context.impl_;
  checked("cannot run a linear layer", [&] {
    const auto scratch_floats = static_cast<std::int64_t>(impl_->scratch.get_size() / sizeof(float)) + 1;
    if (my.scratch.size() < scratch_floats) my.scratch = AlignedFloats(scratch_floats);
    auto& source = LinearContext::Impl::over(my.sources, impl_->rows, impl_->inputs, const_cast<float*>(x));
    auto& result = LinearContext::Impl::over(my.results, impl_->rows, impl_->outputs, y);
    const dnnl::memory scratch(impl_->scratch, engine(), my.scratch.data());
    // The C call takes an array; the C++ one would build a map and a vector on the heap.
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, source.get()},
                                    {DNNL_ARG_WEIGHTS, impl_->weight.get()},
                                    {DNNL_ARG_BIAS, impl_->bias.get()},
                                    {DNNL_ARG_DST, result.get()},
                                    {DNNL_ARG_SCRATCHPAD, scratch.get()}};
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(impl_->primitive.get(), my.stream.get(), std::size(args), args), "matmul");
  });
}

int PackedLinear::rows() const { return static_cast<int>(impl_->rows); }
int PackedLinear::inputs() const { return static_cast<int>(impl_->inputs); }
int PackedLinear::outputs() const { return static_cast<int>(impl_->outputs); }

}  // namespace dream::kernels::cpu
