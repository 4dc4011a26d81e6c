#include "model/encoder.hpp"

#include <cmath>
#include <utility>

#include "base/errors.hpp"
#include "kernels/api/attention.hpp"
#include "kernels/api/gelu.hpp"
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
    norm("embeddings.LayerNorm", {}, x);
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

  void norm(const std::string& name, MatrixView<const float> added, Matrix& x) const {
    reference::layer_norm({values(name + ".weight"), values(name + ".bias"), 1e-12F}, added, x.view());
  }
  [[nodiscard]] Matrix linear(const std::string& name, const Matrix& x) const {
    const auto n = static_cast<std::int64_t>(values(name + ".bias").size());
    Matrix y(x.rows, n);
    reference::linear({{values(name + ".weight").data(), n, x.cols}, values(name + ".bias")}, x.view(),
                      y.view());
    return y;
  }
  void step(const std::string& at, Matrix& x) const {
    Matrix qkv(x.rows, 3 * x.cols), attended(x.rows, x.cols);
    int part = 0;
    for (const char* name : {"query", "key", "value"}) {
      const auto y = linear(at + "attention.self." + name, x);
      for (std::int64_t r = 0; r < x.rows; ++r)
        std::copy_n(y.row(r).begin(), x.cols, qkv.row(r).begin() + part * x.cols);
      ++part;
    }
    const std::int64_t offsets[] = {0, x.rows};
    reference::attention({std::as_const(qkv).view(), offsets, static_cast<int>(bert_.heads)},
                         attended.view());
    const auto after = linear(at + "attention.output.dense", attended);
    norm(at + "attention.output.LayerNorm", after.view(), x);
    auto inner = linear(at + "intermediate.dense", x);
    reference::gelu(inner.view().flat());
    const auto down = linear(at + "output.dense", inner);
    norm(at + "output.LayerNorm", down.view(), x);
  }

  const TinyBert& bert_;
};

std::filesystem::path fresh() {
  static int count = 0;
  return test::folder() / ("e" + std::to_string(count++));
}

std::unique_ptr<model::Encoder> load(const std::filesystem::path& folder, int threads = 1) {
  const auto spec = model::read_sentence_model(folder);
  return std::make_unique<model::Encoder>(
      model::EncoderWeights(spec.network, std::make_shared<const model::WeightFiles>(spec.folder)),
      spec.head(), spec.window, threads);
}

std::string missing_item(const TinyBert& bert) {
  try {
    (void)load(bert.write(fresh()));
  } catch (const ModelError& error) {
    return error.item;
  }
  return "no error";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_encoder_agrees_with_the_reference_kernels) {
  for (const bool cls : {false, true}) {
    TinyBert bert(7);
    bert.pooling = {{"pooling_mode_cls_token", cls}, {"pooling_mode_mean_tokens", !cls}};
    const auto encoder = load(bert.write(fresh()), 2);
    const std::vector<std::vector<std::int32_t>> texts{
        {2, 3}, {2, 4, 5, 6, 3}, {2}, {2, 7, 10, 8, 9, 11, 1, 4, 4, 4, 4, 4, 4, 4, 4, 3}};
    std::vector<std::int32_t> ids;
    std::vector<std::int64_t> offsets{0};
    for (const auto& text : texts) {
      ids.insert(ids.end(), text.begin(), text.end());
      offsets.push_back(static_cast<std::int64_t>(ids.size()));
    }
    Matrix out(4, bert.hidden);
    encoder->encode({ids, offsets}, out.view(), no_pulse());
    for (std::int64_t t = 0; t < 4; ++t) {
      const auto expected =
          Oracle(bert)(texts[static_cast<std::size_t>(t)], cls ? Pooling::first : Pooling::mean);
      for (std::size_t c = 0; c < expected.size(); ++c)
        BOOST_TEST(std::abs(out.row(t)[c] - expected[c]) < 2e-6, "text " << t << ", channel " << c);
    }
  }
}

BOOST_AUTO_TEST_CASE(tensors_are_found_under_a_prefix_too) {
  TinyBert bert;
  for (const auto& [name, tensor] : TinyBert().tensors) {
    bert.tensors.erase(name);
    bert.tensors["bert." + name] = tensor;
  }
  BOOST_CHECK_NO_THROW(load(bert.write(fresh())));
}

BOOST_AUTO_TEST_CASE(a_tensor_that_is_missing_or_misshapen_is_named) {
  TinyBert missing, shape, nan;
  missing.tensors.erase("encoder.layer.1.output.dense.bias");
  BOOST_TEST(missing_item(missing) == "encoder.layer.1.output.dense.bias");
  shape.tensors["encoder.layer.0.attention.self.key.weight"].shape = {16, 64};
  BOOST_TEST(missing_item(shape) == "encoder.layer.0.attention.self.key.weight");
  nan.tensors["embeddings.LayerNorm.weight"].values[3] = NAN;
  BOOST_TEST(missing_item(nan) == "embeddings.LayerNorm.weight");
}

BOOST_AUTO_TEST_CASE(a_pulse_that_throws_ends_the_encoding) {
  const auto encoder = load(TinyBert().write(fresh()));
  const std::vector<std::int32_t> ids{2, 3};
  const std::vector<std::int64_t> offsets{0, 2};
  Matrix out(1, 32);
  BOOST_CHECK_THROW(encoder->encode({ids, offsets}, out.view(), [] { throw Stopped("asked to"); }), Stopped);
  BOOST_CHECK_NO_THROW(encoder->encode({ids, offsets}, out.view(), no_pulse()));
}
