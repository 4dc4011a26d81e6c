#include "model/encoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <utility>

#include "base/errors.hpp"
#include "kernels/api/attention.hpp"
#include "kernels/api/layer_norm.hpp"
#include "kernels/api/linear.hpp"
#include "model/sentence_model.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_bert.hpp"

using namespace dream;
using namespace dream::kernels;
using test::TinyBert;

namespace {

/// The same network out of the reference kernels and nothing else.
class Oracle {
 public:
  explicit Oracle(const TinyBert& bert) : bert_(bert) {}

  [[nodiscard]] std::vector<float> operator()(const std::vector<std::int32_t>& ids, Pooling pooling) const {
    const auto c = bert_.hidden;
    Matrix x(static_cast<std::int64_t>(ids.size()), c);
    for (std::int64_t i = 0; i < x.rows; ++i) {
      for (std::int64_t k = 0; k < c; ++k) {
        x.row(i)[static_cast<std::size_t>(k)] =
            value("embeddings.word_embeddings.weight", ids[static_cast<std::size_t>(i)] * c + k) +
            value("embeddings.position_embeddings.weight", i * c + k) +
            value("embeddings.token_type_embeddings.weight", k);
      }
    }
    norm("embeddings.LayerNorm", x);
    for (std::int64_t layer = 0; layer < bert_.layers; ++layer)
      step("encoder.layer." + std::to_string(layer) + ".", x);
    std::vector<float> out(static_cast<std::size_t>(c));
    reference::pool(pooling, std::as_const(x).view(), 0, out);
    reference::normalise(out);
    return out;
  }

 private:
  [[nodiscard]] const std::vector<float>& values(const std::string& name) const {
    return bert_.tensors.at(name).values;
  }
  [[nodiscard]] float value(const std::string& name, std::int64_t i) const {
    return values(name)[static_cast<std::size_t>(i)];
  }

  void norm(const std::string& name, Matrix& x) const {
    reference::layer_norm({values(name + ".weight"), values(name + ".bias"), 1e-12F}, x.view());
  }
  void linear(const std::string& name, const Matrix& x, Matrix& y, Then then) const {
    const LinearWeights weights{{values(name + ".weight").data(), y.cols, x.cols}, values(name + ".bias")};
    reference::linear(weights, x.view(), y.view(), then);
  }
  void step(const std::string& at, Matrix& x) const {
    Matrix qkv(x.rows, 3 * x.cols), attended(x.rows, x.cols);
    int part = 0;
    for (const char* name : {"query", "key", "value"}) {
      Matrix y(x.rows, x.cols);
      linear(at + "attention.self." + name, x, y, Then::store);
      for (std::int64_t r = 0; r < x.rows; ++r)
        std::copy_n(y.row(r).begin(), x.cols, qkv.row(r).begin() + part * x.cols);
      ++part;
    }
    const std::int64_t offsets[] = {0, x.rows};
    reference::attention({offsets, x.cols, static_cast<int>(bert_.heads)}, qkv.values.data(),
                         attended.values.data());
    linear(at + "attention.output.dense", attended, x, Then::add);
    norm(at + "attention.output.LayerNorm", x);
    Matrix inner(x.rows, bert_.intermediate);
    linear(at + "intermediate.dense", x, inner, Then::gelu);
    linear(at + "output.dense", inner, x, Then::add);
    norm(at + "output.LayerNorm", x);
  }

  const TinyBert& bert_;
};

std::filesystem::path fresh() {
  static int count = 0;
  return test::folder() / ("e" + std::to_string(count++));
}

std::unique_ptr<model::Encoder> load(const std::filesystem::path& folder, int threads = 1,
                                     Precision precision = Precision::fp32) {
  const auto spec = model::read_sentence_model(folder);
  auto encoder = std::make_unique<model::Encoder>(
      model::EncoderWeights(spec.network, std::make_shared<const model::WeightFiles>(spec.folder)),
      spec.head(), spec.window, threads, precision);
  encoder->place_weights(model::own_memory(encoder->weight_bytes()));
  return encoder;
}

std::string missing_item(const TinyBert& bert) {
  try {
    (void)load(bert.write(fresh()));
  } catch (const ModelError& error) {
    BOOST_TEST(error.path.ends_with("/model.safetensors"));
    return error.item;
  }
  return "no error";
}

using Texts = std::vector<std::vector<std::int32_t>>;

Matrix encode(const model::Encoder& encoder, const Texts& texts, std::int64_t columns) {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> offsets{0};
  for (const auto& text : texts) {
    ids.insert(ids.end(), text.begin(), text.end());
    offsets.push_back(static_cast<std::int64_t>(ids.size()));
  }
  Matrix out(static_cast<std::int64_t>(texts.size()), columns);
  encoder.encode({ids, offsets}, out.view(), no_pulse());
  return out;
}

std::vector<Precision> precisions() {
  std::vector<Precision> result{Precision::fp32};
  if (cpu::supports(Precision::bf16)) result.insert(result.end(), {Precision::bf16, Precision::int8});
  return result;
}

/// Texts of many lengths in one batch, in other orders, on other numbers of threads, and each alone.
void check_permutations() {
  const TinyBert bert(7);
  const auto folder = bert.write(fresh());
  std::mt19937 random(11);
  Texts texts(150);
  for (auto& text : texts) {
    text.resize(1 + random() % 16);
    for (auto& id : text) id = static_cast<std::int32_t>(random() % bert.vocabulary.size());
  }
  for (const auto precision : precisions()) {
    const auto expected = encode(*load(folder, 1, precision), texts, bert.hidden);
    const auto encoder = load(folder, 3, precision);
    const auto same = [&](std::span<const float> row, std::size_t text) {
      return std::ranges::equal(row, expected.row(static_cast<std::int64_t>(text)));
    };
    std::vector<std::size_t> order(texts.size());
    std::iota(order.begin(), order.end(), 0U);
    for (int round = 0; round < 3; ++round) {
      std::shuffle(order.begin(), order.end(), random);
      Texts shuffled;
      for (const auto at : order) shuffled.push_back(texts[at]);
      const auto out = encode(*encoder, shuffled, bert.hidden);
      for (std::size_t i = 0; i < order.size(); ++i)
        BOOST_TEST(same(out.row(static_cast<std::int64_t>(i)), order[i]), name_of(precision)
                                                                              << ", text " << order[i]);
    }
    for (std::size_t i = 0; i < texts.size(); i += 7)
      BOOST_TEST(same(encode(*encoder, {texts[i]}, bert.hidden).row(0), i), name_of(precision)
                                                                                << ", alone " << i);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_encoder_agrees_with_the_reference_kernels) {
  for (const auto precision : precisions()) {
    for (const bool cls : {false, true}) {
      TinyBert bert(7);
      bert.pooling = {{"pooling_mode_cls_token", cls}, {"pooling_mode_mean_tokens", !cls}};
      const auto encoder = load(bert.write(fresh()), 2, precision);
      const Texts texts{{2, 3}, {2, 4, 5, 6, 3}, {2}, {2, 7, 10, 8, 9, 11, 1, 4, 4, 4, 4, 4, 4, 4, 4, 3}};
      const auto out = encode(*encoder, texts, bert.hidden);
      const double bound = precision == Precision::fp32 ? 2e-6 : precision == Precision::bf16 ? 0.01 : 0.02;
      for (std::int64_t t = 0; t < 4; ++t) {
        const auto expected =
            Oracle(bert)(texts[static_cast<std::size_t>(t)], cls ? Pooling::first : Pooling::mean);
        for (std::size_t c = 0; c < expected.size(); ++c)
          BOOST_TEST(std::abs(out.row(t)[c] - expected[c]) < bound, name_of(precision) << ", text " << t);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_vector_does_not_depend_on_its_batch_its_place_or_the_threads) { check_permutations(); }

BOOST_AUTO_TEST_CASE(the_same_without_avx512) {
  ::setenv("DREAM_MAX_CPU_ISA", "avx2", 1);  // a process of its own
  BOOST_TEST(precisions().size() == 1);
  check_permutations();
}

BOOST_AUTO_TEST_CASE(tensors_are_found_under_a_prefix_too) {
  TinyBert bert;
  for (const auto& [name, tensor] : TinyBert().tensors) {
    bert.tensors.erase(name);
    bert.tensors["bert." + name] = tensor;
  }
  BOOST_CHECK_NO_THROW(load(bert.write(fresh())));
}

BOOST_AUTO_TEST_CASE(weights_packed_in_parts_give_the_same_bits) {
  const auto folder = TinyBert(7).write(fresh());
  const Texts texts{{2, 4, 5, 6, 3}, {2, 7, 3}};
  const auto expected = encode(*load(folder), texts, 32);
  const auto spec = model::read_sentence_model(folder);
  const auto make = [&] {
    return std::make_unique<model::Encoder>(
        model::EncoderWeights(spec.network, std::make_shared<const model::WeightFiles>(spec.folder)),
        spec.head(), spec.window, 1);
  };
  for (const int parts : {1, 2, 3, 7}) {  // of 3 units: the embeddings and 2 layers
    const auto size = make()->weight_bytes();
    const auto memory = model::own_memory(size);
    std::ranges::fill(memory.bytes, std::byte{0x5A});
    std::vector<std::unique_ptr<model::Encoder>> encoders;
    for (int part = 0; part < parts; ++part) {
      encoders.push_back(make());
      encoders.back()->place_weights({memory.bytes, part, parts, memory.owner});
    }
    for (const auto& encoder : encoders) BOOST_TEST(encode(*encoder, texts, 32).values == expected.values);
  }
}

BOOST_AUTO_TEST_CASE(sequences_across_blocks_of_rows_keep_their_bits) {
  // Tiles of up to 256 rows go through the wide middle in blocks of 128: 129 rows are 64 and 65.
  TinyBert bert(7);
  bert.sentence["max_seq_length"] = 24;
  const auto folder = bert.write(fresh());
  const auto encoder = load(folder);
  const std::vector<std::int32_t> text{2, 4, 5, 6, 7, 8, 9, 10, 11, 4, 5, 6, 3};
  const auto alone = encode(*encoder, {text}, bert.hidden);
  for (const std::size_t count : {9U, 10U, 19U, 20U, 60U}) {
    const auto out = encode(*encoder, Texts(count, text), bert.hidden);
    for (std::int64_t r = 0; r < out.rows; ++r) BOOST_TEST((std::ranges::equal(out.row(r), alone.row(0))));
  }
}

BOOST_AUTO_TEST_CASE(a_tensor_that_is_missing_or_misshapen_is_named) {
  TinyBert missing, shape, nan;
  missing.tensors.erase("encoder.layer.1.output.dense.bias");
  BOOST_TEST(missing_item(missing) == "encoder.layer.1.output.dense.bias");
  shape.tensors["encoder.layer.0.attention.self.key.weight"].shape = {16, 64};
  BOOST_TEST(missing_item(shape) == "encoder.layer.0.attention.self.key.weight");
  nan.tensors["embeddings.LayerNorm.weight"].values[3] = NAN;
  BOOST_TEST(missing_item(nan) == "embeddings.LayerNorm.weight");
  TinyBert words, rows, places;
  words.tensors.erase("embeddings.word_embeddings.weight");
  rows.tensors["embeddings.word_embeddings.weight"].values[40] = INFINITY;
  places.tensors["embeddings.position_embeddings.weight"].shape = {12, 64};
  for (const auto* bert : {&words, &rows})
    BOOST_TEST(missing_item(*bert) == "embeddings.word_embeddings.weight");
  BOOST_TEST(missing_item(places) == "embeddings.position_embeddings.weight");
}

BOOST_AUTO_TEST_CASE(a_pulse_that_throws_ends_the_encoding) {
  const auto encoder = load(TinyBert().write(fresh()));
  const std::vector<std::int32_t> ids{2, 3};
  const std::vector<std::int64_t> offsets{0, 2};
  Matrix out(1, 32);
  BOOST_CHECK_THROW(encoder->encode({ids, offsets}, out.view(), [] { throw Stopped("asked to"); }), Stopped);
  BOOST_CHECK_NO_THROW(encoder->encode({ids, offsets}, out.view(), no_pulse()));
}
