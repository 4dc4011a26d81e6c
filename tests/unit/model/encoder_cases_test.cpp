// Random encoders of every family against PyTorch: tests/data/make_encoder_vectors.py.
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/file.hpp"
#include "kernels/api/numeric_class.hpp"
#include "model/cross_encoder.hpp"
#include "model/encoder.hpp"
#include "model/sentence_model.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/encoder_case.hpp"

using namespace dream;
using nlohmann::json;
namespace fs = std::filesystem;
using kernels::Precision;

namespace {

Matrix encode(const fs::path& folder, const json& inputs, Precision precision) {
  const auto model = model::read_sentence_model(folder);
  const model::Encoder encoder(
      model::EncoderWeights(model.network, std::make_shared<const model::WeightFiles>(model.folder)),
      model.head(), model.window, 2, precision);
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> offsets{0};
  for (const auto& text : inputs["texts"]) {
    for (const auto& id : text) ids.push_back(id.get<std::int32_t>());
    offsets.push_back(static_cast<std::int64_t>(ids.size()));
  }
  Matrix out(static_cast<std::int64_t>(offsets.size()) - 1, model.outputs());
  encoder.encode({.ids = ids, .offsets = offsets, .prompt = inputs["prompt"]}, out.view(), no_pulse());
  return out;
}

Matrix score(const fs::path& folder, const json& inputs) {
  const model::CrossEncoder encoder(folder, 2);
  std::vector<std::string> texts;
  for (const auto& pair : inputs["pairs"]) {
    for (const auto& text : pair) texts.push_back(text.get<std::string>());
  }
  std::vector<model::TextPair> pairs;
  for (std::size_t i = 0; i < texts.size(); i += 2) pairs.push_back({texts[i], texts[i + 1]});
  Matrix out(static_cast<std::int64_t>(pairs.size()), encoder.labels());
  encoder.score(pairs, out.view(), no_pulse());
  return out;
}

void check_case(const fs::path& from) {
  const auto folder = test::prepare_case(from);
  const auto inputs = json::parse(read_file(folder / "ids.json"));
  const auto out = inputs.contains("pairs") ? score(folder, inputs) : encode(folder, inputs, Precision::fp32);
  const auto bytes = read_file(folder / "vectors.f32");
  BOOST_REQUIRE_EQUAL(bytes.size(), out.values.size() * sizeof(float));
  std::vector<float> expected(out.values.size());
  std::memcpy(expected.data(), bytes.data(), bytes.size());
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double off = std::abs(double{out.values[i]} - expected[i]);
    if (!(off <= worst)) worst = off, at = i;  // also when it is no number
  }
  BOOST_TEST(
      worst < (inputs.contains("pairs") ? 1e-5 : 2e-5),
      from.filename() << ": off by " << worst << " in row " << at / static_cast<std::size_t>(out.cols));
  BOOST_TEST_MESSAGE(from.filename() << ": " << out.rows << " rows, worst element off by " << worst);
}

int check_cases(const fs::path& folder) {
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    check_case(entry.path());
    ++cases;
  }
  return cases;
}

}  // namespace

BOOST_AUTO_TEST_CASE(encoders_of_every_family_agree_with_pytorch) {
  BOOST_TEST(check_cases(test::data() / "encoders") == 12);
}

BOOST_AUTO_TEST_CASE(encoders_of_every_family_keep_their_direction_in_bf16) {
  if (!kernels::cpu::supports(Precision::bf16)) test::skip("this processor has no bf16 kernels");
  for (const auto& entry : fs::directory_iterator(test::data() / "encoders")) {
    const auto inputs = json::parse(read_file(entry.path() / "ids.json"));
    if (inputs.contains("pairs")) continue;
    const auto folder = test::prepare_case(entry.path());
    const auto exact = encode(folder, inputs, Precision::fp32),
               rounded = encode(folder, inputs, Precision::bf16);
    const auto cosine = test::least_cosine(exact, rounded);
    BOOST_TEST(cosine >= 0.9995, entry.path().filename() << ": least cosine " << cosine);
    BOOST_TEST(cosine < 1);  // it is bf16
  }
}

// Real widths, weights in all formats, windows filled: made when it is asked for.
BOOST_AUTO_TEST_CASE(wide_encoders_agree_with_pytorch, *boost::unit_test::label("realdata")) {
  const char* python = std::getenv("DREAM_PEER_PYTHON");
  if (python == nullptr || *python == '\0')
    test::skip("set DREAM_PEER_PYTHON to a Python that has torch, transformers and sentence-transformers");
  const auto folder = test::folder() / "large";
  const auto script = test::data() / "make_encoder_vectors.py";
  const auto command =
      "\"" + std::string(python) + "\" \"" + script.string() + "\" --large \"" + folder.string() + "\"";
  BOOST_REQUIRE_EQUAL(std::system(command.c_str()), 0);
  BOOST_TEST(check_cases(folder) == 7);
}
