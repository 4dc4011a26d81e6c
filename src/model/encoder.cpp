#include "model/encoder.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "base/errors.hpp"
#include "kernels/api/activation.hpp"
#include "kernels/api/aligned.hpp"
#include "kernels/api/attention.hpp"
#include "kernels/api/layer_norm.hpp"
#include "kernels/api/linear.hpp"
#include "model/parallel.hpp"

// Letters of shapes: R rows of a tile, M rows of one linear call, C hidden, I intermediate.
namespace dream::model {
namespace {

using kernels::AlignedFloats;
using kernels::LayerNorm;
using kernels::cpu::LinearContext;
using kernels::cpu::PackedLinear;

/// Rows of a tile. Larger tiles waste fewer rows at their ends, smaller ones leave more of their rows in the
/// caches.
constexpr std::int64_t tile_rows = 512;

struct Layer {
  PackedLinear qkv, output, up, down;
  Norm after_attention, after_mlp;
};

Layer pack(LayerWeights weights, int rows) {
  return {{weights.qkv.view(), rows},  {weights.output.view(), rows},      {weights.up.view(), rows},
          {weights.down.view(), rows}, std::move(weights.after_attention), std::move(weights.after_mlp)};
}

/// What one thread needs for a tile; kept from call to call, so that encoding allocates nothing.
struct Workspace {
  LinearContext context;
  AlignedFloats x;          ///< (R, C) the residual stream
  AlignedFloats qkv;        ///< (R, 3 C)
  AlignedFloats attended;   ///< (R, C)
  AlignedFloats inner;      ///< (M, I)
  AlignedFloats projected;  ///< (M, C)
  AlignedFloats attention;
  std::vector<std::int64_t> offsets;
};

/// Some sequences, by index, that one thread encodes together.
struct Tile {
  std::int64_t begin, end;  ///< of the planned order
};

struct Plan {
  std::vector<std::int64_t> order;  ///< longest first
  std::vector<Tile> tiles;
};

Plan plan_tiles(const Sequences& sequences, std::int64_t rows, int threads) {
  const auto length = [&](std::int64_t s) {
    return sequences.offsets[static_cast<std::size_t>(s) + 1] -
           sequences.offsets[static_cast<std::size_t>(s)];
  };
  Plan plan;
  plan.order.resize(static_cast<std::size_t>(sequences.size()));
  std::iota(plan.order.begin(), plan.order.end(), 0);
  std::stable_sort(plan.order.begin(), plan.order.end(),
                   [&](auto a, auto b) { return length(a) > length(b); });
  // A small call is spread over all threads.
  const auto share = (static_cast<std::int64_t>(sequences.ids.size()) + threads - 1) / threads;
  const auto capacity = std::min(rows, share);
  std::int64_t filled = 0;
  for (std::int64_t i = 0; i < sequences.size(); ++i) {
    const auto n = length(plan.order[static_cast<std::size_t>(i)]);
    DREAM_CHECK(n >= 1 && n <= rows, "a sequence of " + std::to_string(n) + " tokens");
    if (plan.tiles.empty() || filled + n > capacity) {
      plan.tiles.push_back({i, i});
      filled = 0;
    }
    plan.tiles.back().end = i + 1;
    filled += n;
  }
  return plan;
}

}  // namespace

struct Encoder::Impl {
  EncoderWeights weights;
  Head head;
  int threads;
  std::int64_t block;  ///< M
  std::int64_t rows;   ///< most rows of a tile, a multiple of M
  std::vector<Layer> layers;
  std::vector<Workspace> workspaces;

  void embed(const Sequences& sequences, std::span<const std::int64_t> members, Workspace& my) const;
  void attend(const Layer& layer, std::int64_t used, Workspace& my) const;
  void transform(const Layer& layer, std::int64_t used, Workspace& my) const;
  void encode_tile(const Sequences& sequences, std::span<const std::int64_t> members, MatrixView<float> out,
                   Workspace& my) const;
};

Encoder::Encoder(EncoderWeights weights, Head head, std::int64_t window, int threads) {
  const auto net = weights.network();
  const int block = kernels::cpu::linear_rows();
  const auto rows = (std::max(tile_rows, window) + block - 1) / block * block;
  impl_.reset(new Impl{std::move(weights), std::move(head), threads, block, rows, {}, {}});
  for (std::int64_t i = 0; i < net.layers; ++i) impl_->layers.push_back(pack(impl_->weights.layer(i), block));
  for (int i = 0; i < threads; ++i) {
    impl_->workspaces.push_back({{},
                                 AlignedFloats(rows * net.hidden),
                                 AlignedFloats(rows * 3 * net.hidden),
                                 AlignedFloats(rows * net.hidden),
                                 AlignedFloats(block * net.intermediate),
                                 AlignedFloats(block * net.hidden),
                                 AlignedFloats(kernels::cpu::attention_scratch(rows, net.hidden / net.heads)),
                                 {}});
  }
}

Encoder::~Encoder() = default;

/// x = norm(word + position + type), rows up to the next multiple of M set to 0.
void Encoder::Impl::embed(const Sequences& sequences, std::span<const std::int64_t> members,
                          Workspace& my) const {
  const auto c = weights.network().hidden;
  const auto words = weights.words();
  my.offsets.assign(1, 0);
  float* row = my.x.data();
  for (const auto s : members) {
    const auto begin = sequences.offsets[static_cast<std::size_t>(s)];
    const auto length = sequences.offsets[static_cast<std::size_t>(s) + 1] - begin;
    const auto second = sequences.seconds.empty() ? length : sequences.seconds[static_cast<std::size_t>(s)];
    for (std::int64_t i = 0; i < length; ++i, row += c) {
      const auto id = sequences.ids[static_cast<std::size_t>(begin + i)];
      DREAM_CHECK(id >= 0 && id < words.rows, "a token outside the vocabulary");
      const float* word = words.row(id).data();
      const float* position = weights.positions(i >= second ? 1 : 0).row(i).data();
      for (std::int64_t k = 0; k < c; ++k) row[k] = word[k] + position[k];
    }
    my.offsets.push_back(my.offsets.back() + length);
  }
  const auto used = my.offsets.back();
  const auto filled = (used + block - 1) / block * block;
  std::fill(row, my.x.data() + filled * c, 0.0F);
  kernels::cpu::layer_norm(weights.embedding_norm().view(), {}, {my.x.data(), used, c});
}

void Encoder::Impl::attend(const Layer& layer, std::int64_t used, Workspace& my) const {
  const auto c = weights.network().hidden;
  for (std::int64_t r = 0; r < used; r += block)
    layer.qkv.apply(my.context, my.x.data() + r * c, my.qkv.data() + r * 3 * c);
  kernels::cpu::attention({{my.qkv.data(), used, 3 * c},
                           my.offsets,
                           static_cast<int>(weights.network().heads),
                           weights.attention_bias()},
                          {my.attended.data(), used, c}, my.attention.span());
}

/// What follows attention, a block of rows at a time: their intermediate values never leave the cache.
void Encoder::Impl::transform(const Layer& layer, std::int64_t used, Workspace& my) const {
  const auto c = weights.network().hidden;
  const MatrixView<const float> projected{my.projected.data(), block, c};
  for (std::int64_t r = 0; r < used; r += block) {
    const MatrixView<float> x{my.x.data() + r * c, block, c};
    layer.output.apply(my.context, my.attended.data() + r * c, my.projected.data());
    kernels::cpu::layer_norm(layer.after_attention.view(), projected, x);
    layer.up.apply(my.context, x.data, my.inner.data());
    kernels::cpu::activate(weights.network().activation, my.inner.span());
    layer.down.apply(my.context, my.inner.data(), my.projected.data());
    kernels::cpu::layer_norm(layer.after_mlp.view(), projected, x);
  }
}

void Encoder::Impl::encode_tile(const Sequences& sequences, std::span<const std::int64_t> members,
                                MatrixView<float> out, Workspace& my) const {
  embed(sequences, members, my);
  const auto used = my.offsets.back();
  for (const auto& layer : layers) {
    attend(layer, used, my);
    transform(layer, used, my);
  }
  const auto c = weights.network().hidden;
  for (std::size_t i = 0; i < members.size(); ++i) {
    head.apply({my.x.data() + my.offsets[i] * c, my.offsets[i + 1] - my.offsets[i], c}, sequences.prompt,
               out.row(members[i]));
  }
}

void Encoder::encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const {
  auto& my = *impl_;
  DREAM_CHECK(out.rows == sequences.size() && out.cols == my.head.outputs(), "the result has another shape");
  const auto plan = plan_tiles(sequences, my.rows, my.threads);
  parallel_for(static_cast<std::int64_t>(plan.tiles.size()), my.threads, pulse,
               [&](int worker, std::int64_t item) {
                 const auto& tile = plan.tiles[static_cast<std::size_t>(item)];
                 const auto members = std::span(plan.order)
                                          .subspan(static_cast<std::size_t>(tile.begin),
                                                   static_cast<std::size_t>(tile.end - tile.begin));
                 my.encode_tile(sequences, members, out, my.workspaces[static_cast<std::size_t>(worker)]);
               });
}

}  // namespace dream::model
