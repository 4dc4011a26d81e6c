#include "model/head.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/errors.hpp"
#include "kernels/dot/dot.hpp"

namespace dream::model {
namespace {

std::int64_t outputs_of(const Dense& dense) {
  return static_cast<std::int64_t>(dense.linear.bias.values().size());
}

float squashed(Squash squash, float x) {
  switch (squash) {
    case Squash::none:
      return x;
    case Squash::tanh:
      return std::tanh(x);
    case Squash::sigmoid:
      return 1.0F / (1.0F + std::exp(-x));
  }
  return x;
}

std::vector<float> apply_dense(const Dense& dense, std::span<const float> x) {
  const auto weights = dense.linear.view();
  std::vector<std::int64_t> all(weights.bias.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<float> y(weights.bias.size());
  kernels::dot_rows(x, weights.weight, all, y);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = squashed(dense.squash, y[i] + weights.bias[i]);
  return y;
}

}  // namespace

Linear copy_linear(const WeightFiles& files, const std::string& name, std::int64_t outputs,
                   std::int64_t inputs, bool has_bias) {
  const auto copy = [&](const std::string& part, std::initializer_list<std::int64_t> shape) {
    const auto stored = files.floats(name + part, shape);
    return Floats(std::vector<float>(stored.values().begin(), stored.values().end()));
  };
  return {copy(".weight", {outputs, inputs}),
          has_bias ? copy(".bias", {outputs}) : Floats(std::vector<float>(static_cast<std::size_t>(outputs))),
          inputs};
}

Head::Head(std::int64_t hidden, std::vector<kernels::Pooling> poolings, std::vector<Dense> dense,
           bool normalise)
    : poolings_(std::move(poolings)),
      dense_(std::move(dense)),
      normalise_(normalise),
      outputs_(hidden * static_cast<std::int64_t>(poolings_.size())) {
  for (const auto& layer : dense_) {
    DREAM_CHECK(layer.linear.inputs == outputs_, "a dense layer for other vectors");
    outputs_ = outputs_of(layer);
  }
}

void Head::apply(MatrixView<const float> rows, std::int64_t prompt, std::span<float> out) const {
  const auto from = std::min(prompt, rows.rows - 1);
  const auto c = static_cast<std::size_t>(rows.cols);
  const auto pool_into = [&](std::span<float> x) {
    for (std::size_t i = 0; i < poolings_.size(); ++i)
      kernels::cpu::pool(poolings_[i], rows, from, x.subspan(i * c, c));
  };
  if (dense_.empty()) {
    pool_into(out);
  } else {
    std::vector<float> x(c * poolings_.size());
    pool_into(x);
    for (const auto& layer : dense_) x = apply_dense(layer, x);
    std::copy(x.begin(), x.end(), out.begin());
  }
  if (normalise_) kernels::cpu::normalise(out);
}

}  // namespace dream::model
