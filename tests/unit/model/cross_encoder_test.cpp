#include "model/cross_encoder.hpp"

#include <cmath>

#include "base/errors.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_cross.hpp"

using namespace dream;
using model::cut_longest_first;
using test::TinyCross;

namespace {

std::filesystem::path fresh() {
  static int count = 0;
  return test::folder() / ("c" + std::to_string(count++));
}

std::vector<float> score(const std::filesystem::path& folder, const std::vector<model::TextPair>& pairs) {
  const model::CrossEncoder encoder(folder, 2);
  Matrix out(static_cast<std::int64_t>(pairs.size()), encoder.labels());
  encoder.score(pairs, out.view(), no_pulse());
  return out.values;
}

template <class Edit>
void check_error(Edit edit, const std::string& item, const std::string& part) {
  TinyCross model;
  edit(model);
  try {
    const model::CrossEncoder encoder(model.write(fresh()), 1);
    BOOST_ERROR("no error for " << item);
  } catch (const ModelError& error) {
    BOOST_TEST(error.item == item, error.what());
    BOOST_TEST(std::string(error.what()).find(part) != std::string::npos, error.what());
  }
}

}  // namespace

// Parity with PyTorch: encoder_cases_test.cpp.

BOOST_AUTO_TEST_CASE(the_longer_text_of_a_pair_is_cut_first) {
  const auto check = [](std::int64_t a, std::int64_t b, std::int64_t most, std::int64_t query,
                        std::int64_t passage) {
    const auto kept = cut_longest_first(a, b, most);
    BOOST_TEST(kept.query == query, a << ", " << b << " into " << most);
    BOOST_TEST(kept.passage == passage, a << ", " << b << " into " << most);
  };
  check(3, 4, 7, 3, 4);
  check(3, 9, 7, 3, 4);
  check(9, 3, 7, 4, 3);
  check(9, 9, 7, 3, 4);
  check(10, 9, 7, 4, 3);
  check(0, 9, 7, 0, 7);
  check(9, 0, 7, 7, 0);
}

BOOST_AUTO_TEST_CASE(scores_do_not_depend_on_other_pairs_but_on_the_order_of_the_two_texts) {
  const auto folder = TinyCross().write(fresh());
  const std::vector<model::TextPair> pairs{{"a", "b c"}, {"b c", "a"}, {"red blue", "green . a"}, {"", ""}};
  const auto together = score(folder, pairs);
  for (std::size_t i = 0; i < pairs.size(); ++i) BOOST_TEST(score(folder, {pairs[i]})[0] == together[i]);
  BOOST_TEST(together[0] != together[1]);
  for (const float s : together) BOOST_TEST((s > 0 && s < 1));
}

BOOST_AUTO_TEST_CASE(the_last_function_is_the_folders) {
  const std::vector<model::TextPair> pairs{{"a", "b c"}};
  const auto probability = score(TinyCross().write(fresh()), pairs)[0];
  TinyCross older, newer;
  older.config["sbert_ce_default_activation_function"] = "torch.nn.modules.linear.Identity";
  newer.config["sentence_transformers"] = {{"activation_fn", "torch.nn.modules.linear.Identity"}};
  const auto logit = score(older.write(fresh()), pairs)[0];
  BOOST_TEST(score(newer.write(fresh()), pairs)[0] == logit);
  BOOST_TEST(std::abs(1 / (1 + std::exp(-logit)) - probability) < 1e-6);
  BOOST_TEST(score(TinyCross(3).write(fresh()), pairs).size() == 3);
}

BOOST_AUTO_TEST_CASE(identity_covers_weights_labels_and_the_last_function) {
  const auto identity = [](const TinyCross& model) {
    return model::CrossEncoder(model.write(fresh()), 1).identity();
  };
  TinyCross function, weight, window;
  function.config["sbert_ce_default_activation_function"] = "torch.nn.modules.linear.Identity";
  weight.tensors["classifier.bias"].values[0] += 1;
  window.sentence["max_seq_length"] = 12;
  const auto same = identity(TinyCross());
  BOOST_TEST((identity(TinyCross()) == same));
  for (const auto& other : {function, weight, window, TinyCross(2)}) BOOST_TEST((identity(other) != same));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_named) {
  check_error([](TinyCross& m) { m.tensors.erase("classifier.weight"); }, "classifier.weight", "is missing");
  check_error([](TinyCross& m) { m.tensors.erase("bert.pooler.dense.bias"); }, "bert.pooler.dense.bias",
              "is missing");
  check_error([](TinyCross& m) { m.config["id2label"]["1"] = "l"; }, "classifier.weight", "shape (1, 32)");
  check_error([](TinyCross& m) { m.tensors["classifier.bias"].values[0] = NAN; }, "classifier.bias",
              "no number");
  check_error(
      [](TinyCross& m) {
        m.config["sbert_ce_default_activation_function"] = "torch.nn.modules.activation.ReLU";
      },
      "activation_fn", "Sigmoid and Identity");
  check_error([](TinyCross& m) { m.config["model_type"] = "modernbert"; }, "model_type",
              "supported: bert, roberta");
  check_error([](TinyCross& m) { m.sentence["max_seq_length"] = 4; }, "max_position_embeddings",
              "a pair needs 5");
}
