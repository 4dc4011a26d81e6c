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
      pooled_values_(hidden * static_cast<std::int64_t>(poolings_.size())),
      outputs_(pooled_values_),
      widest_(outputs_) {
  for (const auto& layer : dense_) {
    DREAM_CHECK(layer.linear.inputs == outputs_, "a dense layer for other vectors");
    outputs_ = outputs_of(layer);
    widest_ = std::max(widest_, outputs_);
  }
  all_rows_.resize(static_cast<std::size_t>(widest_));
  std::iota(all_rows_.begin(), all_rows_.end(), 0);
}

void Head::apply(MatrixView<const float> rows, std::int64_t prompt, std::span<float> out,
                 std::span<float> scratch) const {
  const auto from = std::min(prompt, rows.rows - 1);
  const auto c = static_cast<std::size_t>(rows.cols);
  const auto pooled = dense_.empty() ? out : scratch.first(c * poolings_.size());
  for (std::size_t i = 0; i < poolings_.size(); ++i)
    kernels::cpu::pool(poolings_[i], rows, from, pooled.subspan(i * c, c));
  finish(pooled, out, scratch);
}

void Head::finish(std::span<const float> pooled, std::span<float> out, std::span<float> scratch) const {
  auto x = dense_.empty() ? out : scratch.first(pooled.size());
  if (pooled.data() != x.data()) std::ranges::copy(pooled, x.begin());
  auto other = scratch.subspan(static_cast<std::size_t>(widest_));
  for (const auto& layer : dense_) {
    const auto weights = layer.linear.view();
    const auto y = (&layer == &dense_.back() ? out : other).first(weights.bias.size());
    kernels::dot_rows(x, weights.weight, std::span(all_rows_).first(y.size()), y);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = squashed(layer.squash, y[i] + weights.bias[i]);
    other = {x.data(), static_cast<std::size_t>(widest_)};
    x = y;
  }
  if (normalise_) kernels::cpu::normalise(out);
}

}  // namespace dream::model
