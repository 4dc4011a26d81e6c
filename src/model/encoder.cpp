#include "model/encoder.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.hpp"
#include "kernels/api/aligned.hpp"
#include "kernels/api/attention.hpp"
#include "kernels/api/layer_norm.hpp"
#include "kernels/api/linear.hpp"
#include "model/packed_weights.hpp"

// Letters of shapes: R rows of a tile, M rows of one block, C hidden, I intermediate.
namespace dream::model {
namespace {

using kernels::AlignedBytes;
using kernels::AlignedFloats;
using kernels::Precision;
using kernels::Then;

/// Rows of a tile, unless a sequence is longer: few enough for its rows to stay in the L2 cache.
constexpr std::int64_t tile_rows = 256;
/// Rows of a tile below which it is not worth a turn of its own.
constexpr std::int64_t tile_least = 32;
/// Most rows that go through the wide middle of a layer together: the more, the seldomer its weights are read
/// from beyond the cache, as long as their intermediate values stay in it.
std::int64_t block_rows_of(const Network& net, Precision precision) {
  constexpr std::int64_t most_bytes = 768 << 10;
  return std::clamp<std::int64_t>(most_bytes / (net.intermediate * element_bytes(precision)), 32, 128);
}

/// What one thread needs for a tile; kept from call to call, so that encoding allocates nothing. What is "for
/// a layer" are rows of kernels::row_bytes.
struct Workspace {
  Workspace(const Network& net, const Head& after, Precision precision, std::int64_t rows)
      : x(rows * net.hidden),
        qkv(rows * 3 * net.hidden * element_bytes(precision)),
        attended(rows * net.hidden * element_bytes(precision)),
        inner(block_rows_of(net, precision) * net.intermediate * element_bytes(precision)),
        attention(kernels::cpu::attention_scratch(rows, net.hidden / net.heads)),
        head(after.scratch_size()) {
    if (precision != Precision::fp32) input = AlignedBytes(rows * row_bytes(precision, net.hidden));
    if (precision == Precision::int8)
      bytes = AlignedBytes(block_rows_of(net, precision) *
                           row_bytes(precision, std::max(net.hidden, net.intermediate)));
    offsets.reserve(static_cast<std::size_t>(rows) + 1);
  }
  AlignedFloats x;        ///< (R, C) the residual stream
  AlignedBytes input;     ///< (R, C) the same for a layer; in fp32 that is x
  AlignedBytes qkv;       ///< (R, 3 C)
  AlignedBytes attended;  ///< (R, C)
  AlignedBytes inner;     ///< (M, I)
  AlignedBytes bytes;     ///< (M, C) or (M, I) for a layer, in int8 only
  AlignedBytes attention;
  AlignedFloats head;
  std::vector<std::int64_t> offsets;
};

/// Some sequences, by index, that one thread encodes together.
struct Tile {
  std::int64_t begin, end;  ///< of the planned order
};

/// Which sequences go into which tile; kept from call to call, too.
struct Plan {
  std::vector<std::int64_t> order;  ///< longest first
  std::vector<Tile> tiles;

  void make(const Sequences& sequences, std::int64_t rows, int threads);
  [[nodiscard]] std::span<const std::int64_t> members(std::int64_t tile) const {
    const auto [begin, end] = tiles[static_cast<std::size_t>(tile)];
    return std::span(order).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  }
};

void Plan::make(const Sequences& sequences, std::int64_t rows, int threads) {
  const auto length = [&](std::int64_t s) {
    return sequences.offsets[static_cast<std::size_t>(s) + 1] -
           sequences.offsets[static_cast<std::size_t>(s)];
  };
  tiles.clear();
  order.resize(static_cast<std::size_t>(sequences.size()));
  std::iota(order.begin(), order.end(), 0);
  // Not stable_sort, which allocates; the places make the order whole.
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return length(a) != length(b) ? length(a) > length(b) : a < b; });
  auto left = static_cast<std::int64_t>(sequences.ids.size());
  std::int64_t room = 0;
  for (std::int64_t i = 0; i < sequences.size(); ++i) {
    const auto n = length(order[static_cast<std::size_t>(i)]);
    DREAM_CHECK(n >= 1 && n <= rows, "a sequence of " + std::to_string(n) + " tokens");
    if (tiles.empty() || n > room) {
      tiles.push_back({i, i});
      // Half of each thread's share of what is left: tiles shrink towards the end, so that all threads end
      // together.
      room = std::clamp<std::int64_t>(left / (2 * threads), std::min(tile_least, rows), rows);
    }
    tiles.back().end = i + 1;
    room -= n;
    left -= n;
  }
}

}  // namespace

struct Encoder::Impl {
  EncoderWeights weights;
  Head head;
  Precision precision;
  std::int64_t rows;  ///< most rows of a tile
  std::optional<PackedWeights> packed;
  std::vector<Workspace> workspaces;
  Plan plan;
  Workers workers;

  /// The rows of x from r on, as a layer reads them.
  [[nodiscard]] std::byte* input(Workspace& my, std::int64_t r) const {
    auto* begin = precision == Precision::fp32 ? reinterpret_cast<std::byte*>(my.x.data()) : my.input.data();
    return begin + r * row_bytes(precision, weights.network().hidden);
  }
  [[nodiscard]] const std::byte* for_layer(const std::byte* values, std::int64_t rows, std::int64_t columns,
                                           Workspace& my) const;
  void norm(const kernels::LayerNorm& norm, std::int64_t first, std::int64_t count, Workspace& my) const;
  void embed(const Sequences& sequences, std::span<const std::int64_t> members, Workspace& my) const;
  void attend(const PackedLayer& layer, std::int64_t used, Workspace& my) const;
  void transform(const PackedLayer& layer, std::int64_t used, Workspace& my) const;
  void encode_tile(const Sequences& sequences, std::span<const std::int64_t> members, MatrixView<float> out,
                   Workspace& my) const;
};

Encoder::Encoder(EncoderWeights weights, Head head, std::int64_t window, int threads, Precision precision) {
  const auto net = weights.network();
  const auto rows = std::max(tile_rows, window);
  impl_.reset(new Impl{std::move(weights), std::move(head), precision, rows, {}, {}, {}, Workers(threads)});
  for (int i = 0; i < impl_->workers.threads(); ++i)
    impl_->workspaces.emplace_back(net, impl_->head, precision, rows);
}

Encoder::~Encoder() = default;

Workers& Encoder::workers() const { return impl_->workers; }

std::int64_t Encoder::weight_bytes() const {
  return PackedWeights::bytes_of(impl_->weights, impl_->precision);
}

void Encoder::place_weights(WeightMemory memory) const {
  DREAM_CHECK(!impl_->packed, "the weights have their place already");
  impl_->packed.emplace(impl_->weights, impl_->precision, std::move(memory));
}

/// Attention's and GELU's results as the next layer reads them: only int8 has to scale them first.
const std::byte* Encoder::Impl::for_layer(const std::byte* values, std::int64_t count, std::int64_t columns,
                                          Workspace& my) const {
  if (precision != Precision::int8) return values;
  kernels::cpu::quantise(values, count, columns, my.bytes.data());
  return my.bytes.data();
}

void Encoder::Impl::norm(const kernels::LayerNorm& norm, std::int64_t first, std::int64_t count,
                         Workspace& my) const {
  const auto c = weights.network().hidden;
  kernels::cpu::layer_norm(norm, {my.x.data() + first * c, count, c}, precision, input(my, first));
}

/// x = norm(word + position + type)
void Encoder::Impl::embed(const Sequences& sequences, std::span<const std::int64_t> members,
                          Workspace& my) const {
  const auto c = weights.network().hidden;
  const auto& words = weights.words();
  my.offsets.assign(1, 0);
  float* row = my.x.data();
  for (const auto s : members) {
    const auto begin = sequences.offsets[static_cast<std::size_t>(s)];
    const auto length = sequences.offsets[static_cast<std::size_t>(s) + 1] - begin;
    const auto second = sequences.seconds.empty() ? length : sequences.seconds[static_cast<std::size_t>(s)];
    for (std::int64_t i = 0; i < length; ++i, row += c) {
      const auto id = sequences.ids[static_cast<std::size_t>(begin + i)];
      DREAM_CHECK(id >= 0 && id < words.rows(), "a token outside the vocabulary");
      words.copy(id, {row, static_cast<std::size_t>(c)});
      const float* position = packed->positions(i >= second ? 1 : 0).row(i).data();
      for (std::int64_t k = 0; k < c; ++k) row[k] += position[k];
    }
    my.offsets.push_back(my.offsets.back() + length);
  }
  norm(packed->embedding_norm(), 0, my.offsets.back(), my);
}

void Encoder::Impl::attend(const PackedLayer& layer, std::int64_t used, Workspace& my) const {
  const auto& net = weights.network();
  layer.qkv.apply(input(my, 0), used, Then::store, my.qkv.data());
  kernels::cpu::attention({my.offsets, net.hidden, static_cast<int>(net.heads), packed->attention_bias()},
                          precision, my.qkv.data(), my.attended.data(), my.attention.span());
}

/// What follows attention, a block of rows at a time: their intermediate values never leave the cache.
void Encoder::Impl::transform(const PackedLayer& layer, std::int64_t used, Workspace& my) const {
  const auto& net = weights.network();
  // Evenly, for a last block of a few rows would read all the weights for them.
  const auto most = block_rows_of(net, precision);
  const auto blocks = (used + most - 1) / most;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const auto r = used * block / blocks;
    const auto count = used * (block + 1) / blocks - r;
    auto* const x = reinterpret_cast<std::byte*>(my.x.data() + r * net.hidden);
    const auto* attended = my.attended.data() + r * net.hidden * element_bytes(precision);
    layer.output.apply(for_layer(attended, count, net.hidden, my), count, Then::add, x);
    norm(layer.after_attention, r, count, my);
    layer.up.apply(input(my, r), count, kernels::then_of(net.activation), my.inner.data());
    layer.down.apply(for_layer(my.inner.data(), count, net.intermediate, my), count, Then::add, x);
    norm(layer.after_mlp, r, count, my);
  }
}

void Encoder::Impl::encode_tile(const Sequences& sequences, std::span<const std::int64_t> members,
                                MatrixView<float> out, Workspace& my) const {
  embed(sequences, members, my);
  const auto used = my.offsets.back();
  for (const auto& layer : packed->layers()) {
    attend(layer, used, my);
    transform(layer, used, my);
  }
  const auto c = weights.network().hidden;
  for (std::size_t i = 0; i < members.size(); ++i) {
    head.apply({my.x.data() + my.offsets[i] * c, my.offsets[i + 1] - my.offsets[i], c}, sequences.prompt,
               out.row(members[i]), my.head.span());
  }
}

void Encoder::encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const {
  auto& my = *impl_;
  DREAM_CHECK(out.rows == sequences.size() && out.cols == my.head.outputs(), "the result has another shape");
  if (!my.packed) place_weights(own_memory(weight_bytes()));
  my.plan.make(sequences, my.rows, my.workers.threads());
  my.workers.for_each(std::ssize(my.plan.tiles), pulse, [&](int worker, std::int64_t tile) {
    my.encode_tile(sequences, my.plan.members(tile), out, my.workspaces[static_cast<std::size_t>(worker)]);
  });
}

}  // namespace dream::model
