#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pool_normalise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "kernels/api/pool_normalise.hpp"
#include "kernels/cpu/dispatch.hpp"

HWY_BEFORE_NAMESPACE();
namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void pool_one(MatrixView<const float> x, std::int64_t begin, std::int64_t end, float* out) {
  const hn::CappedTag<float, 16> d;
  const auto share = hn::Set(d, 1.0F / static_cast<float>(end - begin));
  auto squares = hn::Zero(d);
  for (std::int64_t c = 0; c < x.cols; c += static_cast<std::int64_t>(hn::Lanes(d))) {
    auto sum = hn::Zero(d);
    for (auto r = begin; r < end; ++r) sum = hn::Add(sum, hn::LoadU(d, x.data + r * x.cols + c));
    const auto mean = hn::Mul(sum, share);
    squares = hn::MulAdd(mean, mean, squares);
    hn::StoreU(mean, d, out + c);
  }
  const float length = std::sqrt(hn::GetLane(hn::SumOfLanes(d, squares)));
  if (length < 1e-12F) return;
  const auto factor = hn::Set(d, 1.0F / length);
  for (std::int64_t c = 0; c < x.cols; c += static_cast<std::int64_t>(hn::Lanes(d))) {
    hn::StoreU(hn::Mul(hn::LoadU(d, out + c), factor), d, out + c);
  }
}

void pool_all(Pooling pooling, MatrixView<const float> x, std::span<const std::int64_t> offsets,
              MatrixView<float> out) {
  for (std::int64_t s = 0; s < out.rows; ++s) {
    const auto begin = offsets[static_cast<std::size_t>(s)];
    const auto end = pooling == Pooling::first ? begin + 1 : offsets[static_cast<std::size_t>(s) + 1];
    pool_one(x, begin, end, out.data + s * out.cols);
  }
}

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dream::kernels::cpu {
HWY_EXPORT(pool_all);
void pool_normalise(Pooling pooling, MatrixView<const float> x, std::span<const std::int64_t> offsets,
                    MatrixView<float> out) {
  settle_targets();
  HWY_DYNAMIC_DISPATCH(pool_all)(pooling, x, offsets, out);
}
}  // namespace dream::kernels::cpu
#endif
