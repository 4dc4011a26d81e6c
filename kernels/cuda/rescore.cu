// What follows the selection of an exact search. Rounding: a block takes a row; bound by memory. Rescoring: a
// warp takes a hit, of which few are left, so nothing but the order of the sum matters. That order is of 16
// lanes (dot/dot.hpp), so half of the warp brings zeros, which change no bit of the others: no lane ever
// holds -0, since it begins at +0. The warp's sum then adds halves as the definition says.
#include <cmath>

#include "kernels/cuda/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"
#include "kernels/cuda/number.hpp"

namespace dream::kernels::DREAM_BACKEND {
namespace {

constexpr int rescore_threads = 128;
constexpr std::int64_t hits_per_block = 32;
constexpr int lanes = 16;  ///< of the definition

template <class T>
struct RoundKernel {
  RoundRows call;

  DREAM_DEVICE void operator()(const Block& block) const {
    const float* const from = call.from + block.x() * call.columns;
    T* const to = static_cast<T*>(call.to) + block.x() * call.wide;
    for (std::int64_t c = block.thread(); c < call.wide; c += block.threads())
      to[c] = narrow<T>(c < call.columns ? from[c] : 0.0F);
  }
};

struct RescoreKernel {
  Rescore call;

  DREAM_DEVICE void operator()(const Block& block) const {
    const float* const question = call.questions + block.x() * call.columns;
    const auto begin = block.y() * hits_per_block;
    const auto end = begin + hits_per_block < call.k ? begin + hits_per_block : call.k;
    const int lane = block.thread() % 32;
    for (auto i = begin + block.thread() / 32; i < end;
         i += block.threads() / 32) {  // a warp's threads alike
      const auto place = block.x() * call.k + i;
      const Hit hit = call.hits[place];
      const float* const vector = call.vectors + (hit != 0 ? std::int64_t{index_of(hit)} : 0) * call.columns;
      float sum = 0;
      for (std::int64_t c = lane; lane < lanes && hit != 0 && c < call.columns; c += lanes)
        sum = fmaf(question[c], vector[c], sum);
      sum = block.warp_sum(sum);
      if (lane == 0) call.scores[place] = sum;
    }
  }
};

}  // namespace

void round_rows(const RoundRows& call, Element element, Stream stream) {
  const Shape shape{.x = call.rows, .threads = 128};
  with_element(element, [&](auto t) { launch(RoundKernel<decltype(t)>{call}, "round_rows", shape, stream); });
}

void rescore(const Rescore& call, Stream stream) {
  const Shape shape{.x = call.queries, .y = blocks_for(call.k, hits_per_block), .threads = rescore_threads};
  launch(RescoreKernel{call}, "rescore", shape, stream);
}

}  // namespace dream::kernels::DREAM_BACKEND
