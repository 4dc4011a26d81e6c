#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pool.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "kernels/api/pool.hpp"
#include "kernels/cpu/dispatch.hpp"

HWY_BEFORE_NAMESPACE();
namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// out = factor * the sum of the rows, the r-th of all weighted with r + 1 where `weighted`.
void add_up(MatrixView<const float> rows, std::int64_t from, bool weighted, float factor, float* out) {
  const hn::CappedTag<float, 16> d;
  for (std::int64_t c = 0; c < rows.cols; c += static_cast<std::int64_t>(hn::Lanes(d))) {
    auto sum = hn::Zero(d);
    for (auto r = from; r < rows.rows; ++r) {
      const auto value = hn::LoadU(d, rows.data + r * rows.cols + c);
      sum = weighted ? hn::MulAdd(hn::Set(d, static_cast<float>(r + 1)), value, sum) : hn::Add(sum, value);
    }
    hn::StoreU(hn::Mul(sum, hn::Set(d, factor)), d, out + c);
  }
}

void most(MatrixView<const float> rows, std::int64_t from, float* out) {
  const hn::CappedTag<float, 16> d;
  for (std::int64_t c = 0; c < rows.cols; c += static_cast<std::int64_t>(hn::Lanes(d))) {
    auto best = hn::LoadU(d, rows.data + from * rows.cols + c);
    for (auto r = from + 1; r < rows.rows; ++r)
      best = hn::Max(best, hn::LoadU(d, rows.data + r * rows.cols + c));
    hn::StoreU(best, d, out + c);
  }
}

void pool_one(Pooling pooling, MatrixView<const float> rows, std::int64_t from, std::span<float> out) {
  const auto n = static_cast<double>(rows.rows - from);
  const auto all = static_cast<double>(rows.rows);
  const auto before = static_cast<double>(from);
  const auto copy = [&](std::int64_t r) { std::copy_n(rows.row(r).begin(), rows.cols, out.begin()); };
  switch (pooling) {
    case Pooling::first:
      return copy(from);
    case Pooling::last:
      return copy(rows.rows - 1);
    case Pooling::max:
      return most(rows, from, out.data());
    case Pooling::mean:
      return add_up(rows, from, false, 1.0F / static_cast<float>(n), out.data());
    case Pooling::mean_sqrt_length:
      return add_up(rows, from, false, static_cast<float>(1.0 / std::sqrt(n)), out.data());
    case Pooling::weighted_mean: {
      const auto weights = (all * (all + 1) - before * (before + 1)) / 2;
      return add_up(rows, from, true, static_cast<float>(1.0 / weights), out.data());
    }
  }
}

void normalise_one(std::span<float> x) {
  const hn::CappedTag<float, 16> d;
  const auto lanes = hn::Lanes(d);
  const auto whole = x.size() / lanes * lanes;
  auto squares = hn::Zero(d);
  for (std::size_t i = 0; i < whole; i += lanes) {
    const auto v = hn::LoadU(d, x.data() + i);
    squares = hn::MulAdd(v, v, squares);
  }
  float square = hn::GetLane(hn::SumOfLanes(d, squares));
  for (std::size_t i = whole; i < x.size(); ++i) square += x[i] * x[i];
  const float length = std::sqrt(square);
  if (length < 1e-12F) return;
  for (float& v : x) v *= 1.0F / length;
}

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dream::kernels::cpu {
HWY_EXPORT(pool_one);
HWY_EXPORT(normalise_one);
void pool(Pooling pooling, MatrixView<const float> rows, std::int64_t from, std::span<float> out) {
  settle_targets();
  HWY_DYNAMIC_DISPATCH(pool_one)(pooling, rows, from, out);
}
void normalise(std::span<float> x) {
  settle_targets();
  HWY_DYNAMIC_DISPATCH(normalise_one)(x);
}
}  // namespace dream::kernels::cpu
#endif
