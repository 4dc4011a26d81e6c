#include "model/bert_encoder.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "base/errors.hpp"
#include "kernels/api/aligned.hpp"
#include "kernels/api/attention.hpp"
#include "kernels/api/gelu.hpp"
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

struct Norm {
  Floats scale, shift;
  float epsilon;
  [[nodiscard]] LayerNorm view() const { return {scale.values(), shift.values(), epsilon}; }
};

struct Layer {
  PackedLinear qkv, output, up, down;
  Norm after_attention, after_mlp;
};

/// Reads the tensors of one model; some files have them under "bert.".
class Reader {
 public:
  Reader(const SentenceModel& model, const SafeTensors& file, int rows)
      : bert_(model.bert),
        file_(file),
        rows_(rows),
        prefix_(file.has("bert.embeddings.word_embeddings.weight") ? "bert." : "") {}

  [[nodiscard]] Floats tensor(const std::string& name, std::initializer_list<std::int64_t> shape) const {
    return file_.floats(prefix_ + name, shape);
  }
  [[nodiscard]] Norm norm(const std::string& name) const {
    return {tensor(name + ".weight", {bert_.hidden}), tensor(name + ".bias", {bert_.hidden}),
            static_cast<float>(bert_.epsilon)};
  }
  [[nodiscard]] PackedLinear linear(const std::string& name, std::int64_t outputs,
                                    std::int64_t inputs) const {
    const auto weight = tensor(name + ".weight", {outputs, inputs});
    const auto bias = tensor(name + ".bias", {outputs});
    return {{weight.matrix(inputs), bias.values()}, rows_};
  }
  /// Query, key and value as one layer of 3 C outputs.
  [[nodiscard]] PackedLinear qkv(const std::string& name) const {
    std::vector<float> weight, bias;
    for (const char* part : {"query", "key", "value"}) {
      const auto w = tensor(name + part + ".weight", {bert_.hidden, bert_.hidden});
      const auto b = tensor(name + part + ".bias", {bert_.hidden});
      weight.insert(weight.end(), w.values().begin(), w.values().end());
      bias.insert(bias.end(), b.values().begin(), b.values().end());
    }
    return {{{weight.data(), 3 * bert_.hidden, bert_.hidden}, bias}, rows_};
  }
  [[nodiscard]] Layer layer(std::int64_t index) const {
    const auto at = "encoder.layer." + std::to_string(index) + ".";
    return {qkv(at + "attention.self."),
            linear(at + "attention.output.dense", bert_.hidden, bert_.hidden),
            linear(at + "intermediate.dense", bert_.intermediate, bert_.hidden),
            linear(at + "output.dense", bert_.hidden, bert_.intermediate),
            norm(at + "attention.output.LayerNorm"),
            norm(at + "output.LayerNorm")};
  }

 private:
  const BertConfig& bert_;
  const SafeTensors& file_;
  int rows_;
  std::string prefix_;
};

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

struct BertEncoder::Impl {
  BertConfig bert;
  kernels::Pooling pooling;
  int threads;
  std::int64_t block;  ///< M
  std::int64_t rows;   ///< most rows of a tile, a multiple of M
  std::shared_ptr<const SafeTensors> file;
  Floats words;
  std::vector<float> positions;  ///< (positions, C), the embedding of token type 0 added
  Norm embedding_norm;
  std::vector<Layer> layers;
  std::vector<Workspace> workspaces;

  void embed(const Sequences& sequences, std::span<const std::int64_t> members, Workspace& my) const;
  void attend(const Layer& layer, std::int64_t used, Workspace& my) const;
  void transform(const Layer& layer, std::int64_t used, Workspace& my) const;
  void encode_tile(const Sequences& sequences, std::span<const std::int64_t> members, MatrixView<float> out,
                   Workspace& my) const;
};

BertEncoder::BertEncoder(const SentenceModel& model, std::shared_ptr<const SafeTensors> weights,
                         int threads) {
  const auto& bert = model.bert;
  const int block = kernels::cpu::linear_rows();
  const Reader reader(model, *weights, block);
  const auto rows = (std::max(tile_rows, model.window) + block - 1) / block * block;
  auto words = reader.tensor("embeddings.word_embeddings.weight", {bert.vocabulary, bert.hidden});
  const auto places = reader.tensor("embeddings.position_embeddings.weight", {bert.positions, bert.hidden});
  const auto types = reader.tensor("embeddings.token_type_embeddings.weight", {bert.types, bert.hidden});
  std::vector<float> positions(places.values().begin(), places.values().end());
  for (std::size_t i = 0; i < positions.size(); ++i)
    positions[i] += types.values()[i % static_cast<std::size_t>(bert.hidden)];
  impl_.reset(new Impl{bert,
                       model.pooling,
                       threads,
                       block,
                       rows,
                       std::move(weights),
                       std::move(words),
                       std::move(positions),
                       reader.norm("embeddings.LayerNorm"),
                       {},
                       {}});
  for (std::int64_t i = 0; i < bert.layers; ++i) impl_->layers.push_back(reader.layer(i));
  for (int i = 0; i < threads; ++i) {
    impl_->workspaces.push_back(
        {{},
         AlignedFloats(rows * bert.hidden),
         AlignedFloats(rows * 3 * bert.hidden),
         AlignedFloats(rows * bert.hidden),
         AlignedFloats(block * bert.intermediate),
         AlignedFloats(block * bert.hidden),
         AlignedFloats(kernels::cpu::attention_scratch(rows, bert.hidden / bert.heads)),
         {}});
  }
}

BertEncoder::~BertEncoder() = default;

/// x = norm(word + position + type), rows up to the next multiple of M set to 0.
void BertEncoder::Impl::embed(const Sequences& sequences, std::span<const std::int64_t> members,
                              Workspace& my) const {
  const auto c = bert.hidden;
  my.offsets.assign(1, 0);
  float* row = my.x.data();
  for (const auto s : members) {
    const auto begin = sequences.offsets[static_cast<std::size_t>(s)];
    const auto length = sequences.offsets[static_cast<std::size_t>(s) + 1] - begin;
    for (std::int64_t i = 0; i < length; ++i, row += c) {
      const auto id = sequences.ids[static_cast<std::size_t>(begin + i)];
      DREAM_CHECK(id >= 0 && id < bert.vocabulary, "a token outside the vocabulary");
      const float* word = words.values().data() + id * c;
      const float* position = positions.data() + i * c;
      for (std::int64_t k = 0; k < c; ++k) row[k] = word[k] + position[k];
    }
    my.offsets.push_back(my.offsets.back() + length);
  }
  const auto used = my.offsets.back();
  const auto filled = (used + block - 1) / block * block;
  std::fill(row, my.x.data() + filled * c, 0.0F);
  kernels::cpu::layer_norm(embedding_norm.view(), {}, {my.x.data(), used, c});
}

void BertEncoder::Impl::attend(const Layer& layer, std::int64_t used, Workspace& my) const {
  const auto c = bert.hidden;
  for (std::int64_t r = 0; r < used; r += block)
    layer.qkv.apply(my.context, my.x.data() + r * c, my.qkv.data() + r * 3 * c);
  kernels::cpu::attention({{my.qkv.data(), used, 3 * c}, my.offsets, static_cast<int>(bert.heads)},
                          {my.attended.data(), used, c}, my.attention.span());
}

/// What follows attention, a block of rows at a time: their intermediate values never leave the cache.
void BertEncoder::Impl::transform(const Layer& layer, std::int64_t used, Workspace& my) const {
  const auto c = bert.hidden;
  const MatrixView<const float> projected{my.projected.data(), block, c};
  for (std::int64_t r = 0; r < used; r += block) {
    const MatrixView<float> x{my.x.data() + r * c, block, c};
    layer.output.apply(my.context, my.attended.data() + r * c, my.projected.data());
    kernels::cpu::layer_norm(layer.after_attention.view(), projected, x);
    layer.up.apply(my.context, x.data, my.inner.data());
    kernels::cpu::gelu(my.inner.span());
    layer.down.apply(my.context, my.inner.data(), my.projected.data());
    kernels::cpu::layer_norm(layer.after_mlp.view(), projected, x);
  }
}

void BertEncoder::Impl::encode_tile(const Sequences& sequences, std::span<const std::int64_t> members,
                                    MatrixView<float> out, Workspace& my) const {
  embed(sequences, members, my);
  const auto used = my.offsets.back();
  for (const auto& layer : layers) {
    attend(layer, used, my);
    transform(layer, used, my);
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    kernels::cpu::pool_normalise(pooling, {my.x.data(), used, bert.hidden},
                                 std::span(my.offsets).subspan(i, 2),
                                 {out.row(members[i]).data(), 1, out.cols});
  }
}

void BertEncoder::encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const {
  auto& my = *impl_;
  DREAM_CHECK(out.rows == sequences.size() && out.cols == my.bert.hidden, "the result has another shape");
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
