#include "peak.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "kernels/api/linear.hpp"
#include "measure.hpp"
#ifdef DREAM_BENCH_ONEDNN
#include <omp.h>

#include <cstring>
#include <dnnl.hpp>
#endif

namespace dream::bench {
namespace {

using kernels::Precision;

constexpr std::int64_t rows = 6400;
constexpr int tries = 5;

/// Inputs and outputs of a layer's products.
std::array<std::pair<std::int64_t, std::int64_t>, 4> shapes(const model::Network& net) {
  return {{{net.hidden, 3 * net.hidden},
           {net.hidden, net.hidden},
           {net.hidden, net.intermediate},
           {net.intermediate, net.hidden}}};
}

/// The best rate of some tries, a product being made by make(inputs, outputs) and then called.
template <class Make>
double gflops(const model::Network& net, Make make) {
  double seconds = 0;
  for (const auto& [inputs, outputs] : shapes(net)) {
    auto run = make(inputs, outputs);
    run();
    double best = 1e9;
    for (int i = 0; i < tries; ++i) {
      const auto before = cpu_seconds();
      run();
      best = std::min(best, cpu_seconds() - before);
    }
    seconds += best;
  }
  return linear_flops(net) * rows / seconds / 1e9;
}

}  // namespace

double linear_flops(const model::Network& net) {
  double sum = 0;
  for (const auto& [inputs, outputs] : shapes(net)) sum += 2.0 * static_cast<double>(inputs * outputs);
  return sum;
}

double text_flops(const model::Network& net, double tokens) {
  const auto attention = 4.0 * tokens * static_cast<double>(net.hidden);
  return tokens * static_cast<double>(net.layers) * (linear_flops(net) + attention);
}

double own_gflops(const model::Network& net, Precision precision) {
  return gflops(net, [&](std::int64_t inputs, std::int64_t outputs) {
    const Matrix weight(outputs, inputs), bias(1, outputs);
    return [=,
            layer = std::make_shared<kernels::cpu::PackedLinear>(
                kernels::LinearWeights{weight.view(), bias.row(0)}, precision),
            x = std::make_shared<kernels::AlignedBytes>(rows * kernels::row_bytes(precision, inputs)),
            y = std::make_shared<kernels::AlignedBytes>(rows * outputs * 4)] {
      for (std::int64_t r = 0; r < rows; r += 64)
        layer->apply(x->data() + r * kernels::row_bytes(precision, inputs), 64, kernels::Then::store,
                     y->data() + r * outputs * kernels::element_bytes(precision));
    };
  });
}

#ifdef DREAM_BENCH_ONEDNN
double onednn_gflops(const model::Network& net, Precision precision) {
  using Type = dnnl::memory::data_type;
  using Tag = dnnl::memory::format_tag;
  omp_set_num_threads(1);
  const auto [x, w, y] = precision == Precision::fp32   ? std::array{Type::f32, Type::f32, Type::f32}
                         : precision == Precision::bf16 ? std::array{Type::bf16, Type::bf16, Type::bf16}
                                                        : std::array{Type::u8, Type::s8, Type::s32};
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return gflops(net, [&, types = std::array{x, w, y}](std::int64_t inputs, std::int64_t outputs) {
    const dnnl::memory::desc source({rows, inputs}, types[0], Tag::ab),
        weight({inputs, outputs}, types[1], Tag::any), result({rows, outputs}, types[2], Tag::ab);
    const dnnl::matmul::primitive_desc plan({source, weight, result}, engine);
    dnnl::memory a(source, engine), b(plan.weights_desc(), engine), c(result, engine);
    for (auto* memory : {&a, &b, &c})
      std::memset(memory->get_data_handle(), 0, memory->get_desc().get_size());
    return [product = dnnl::matmul(plan), stream = dnnl::stream(engine), a, b, c]() mutable {
      product.execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
      stream.wait();
    };
  });
}
#else
double onednn_gflops(const model::Network&, Precision) { return 0; }
#endif

}  // namespace dream::bench
