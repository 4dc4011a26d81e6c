#include <array>

#include "base/errors.hpp"
#include "stages/rerank/reranker.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_cross.hpp"

using namespace dream;
using test::TinyCross;

namespace {

std::unique_ptr<rerank::Reranker> load(const std::filesystem::path& folder,
                                       const std::string& precision = "fp32", std::int64_t max_tokens = 0) {
  const auto* row = rerank::reranker_row("cross_encoder");
  BOOST_REQUIRE(row != nullptr);
  auto params = defaults_of(row->info);
  params.set("path", folder.string());
  params.set("precision", precision);
  params.set("max_tokens", max_tokens);
  return row->make(params, 2);
}

void check_error(const std::filesystem::path& folder, const std::string& item, const std::string& part,
                 std::int64_t max_tokens = 0) {
  try {
    (void)load(folder, "fp32", max_tokens);
    BOOST_ERROR("no error for " << item);
  } catch (const ModelError& error) {
    BOOST_TEST(error.item == item, error.what());
    BOOST_TEST(std::string(error.what()).find(part) != std::string::npos, error.what());
  }
}

}  // namespace

// Parity with sentence-transformers: tests/unit/model/encoder_cases_test.cpp.

BOOST_AUTO_TEST_CASE(a_pair_has_one_score_whoever_stands_beside_it) {
  const auto model = load(TinyCross().write(test::folder() / "cross"));
  BOOST_TEST(model->precision() == "fp32");
  const std::array<rerank::Pair, 3> pairs{{{"a", "b c"}, {"red", "green"}, {"a", "b"}}};
  std::array<float, 3> together{};
  model->score(pairs, together, no_pulse());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    float alone = 0;
    model->score({&pairs[i], 1}, {&alone, 1}, no_pulse());
    BOOST_TEST(alone == together[i]);
  }
  BOOST_TEST(together[0] != together[2]);
}

BOOST_AUTO_TEST_CASE(the_window_can_be_made_smaller_and_is_part_of_the_identity) {
  const auto folder = TinyCross().write(test::folder() / "cross");
  const auto whole = load(folder), cut = load(folder, "fp32", 6);
  BOOST_TEST((whole->identity() != cut->identity()));
  const std::array<rerank::Pair, 2> pairs{{{"a", "b c red"}, {"a", "b c green"}}};
  std::array<float, 2> scores{};
  cut->score(pairs, scores, no_pulse());  // [CLS] a [SEP] b c [SEP]
  BOOST_TEST(scores[0] == scores[1]);
  whole->score(pairs, scores, no_pulse());
  BOOST_TEST(scores[0] != scores[1]);
  check_error(folder, "max_position_embeddings", "less than max_tokens = 25", 25);
  check_error(folder, "max_position_embeddings", "a pair needs 5", 4);
}

BOOST_AUTO_TEST_CASE(what_cannot_rerank_is_refused) {
  check_error(test::TinyBert().write(test::folder() / "embedder"), "architectures",
              "no head that scores pairs");
  check_error(TinyCross(3).write(test::folder() / "classes"), "id2label", "3 labels; a reranker has one");
  TinyCross headless;
  headless.tensors.erase("classifier.weight");
  check_error(headless.write(test::folder() / "headless"), "classifier.weight", "is missing");
  BOOST_CHECK_THROW((void)load(TinyCross().write(test::folder() / "cross"), "fp8"), ConfigError);
  BOOST_TEST((rerank::reranker_row("hash") == nullptr));
}
