#include "stages/score/metrics.hpp"

#include <set>

#include "tests/support/test.hpp"

using namespace dream;

BOOST_AUTO_TEST_CASE(the_table_has_each_metric_once) {
  std::set<std::string> names;
  for (const auto& row : score::metrics()) {
    BOOST_TEST(names.insert(row.name).second);
    BOOST_TEST(row.min < row.max);
    BOOST_TEST(!row.needs.empty());
    BOOST_TEST(!row.summary.empty());
  }
  BOOST_TEST(
      (names == std::set<std::string>{"faithfulness", "answer_relevancy", "context_precision",
                                      "context_recall", "answer_correctness", "answer_similarity",
                                      "exact_match", "token_f1", "rouge_l", "bleu", "chrf", "numeric_match",
                                      "quoted_spans", "hit_rate", "recall", "mrr", "ndcg"}));
  BOOST_TEST(score::metric_row("mrr")->needs_any(score::Need::gold));
  BOOST_TEST(!score::metric_row("mrr")->needs_any(score::Need::judge));
  BOOST_TEST(score::metric_row("mrrr") == nullptr);
  BOOST_TEST(score::name_of(score::Need::embedder) == "embedder");
}

BOOST_AUTO_TEST_CASE(formulas_by_hand, *boost::unit_test::tolerance(1e-12)) {
  BOOST_TEST(score::f_measure(2, 1, 3) == 0.5);
  BOOST_TEST(score::f_measure(0, 0, 0) == 0.0);
  BOOST_TEST(score::f_measure(3, 0, 0) == 1.0);
  const bool one_three[] = {true, false, true};
  BOOST_TEST(score::average_precision(one_three) == (1.0 + 2.0 / 3.0) / 2.0);
  const bool last[] = {false, false, true};
  BOOST_TEST(score::average_precision(last) == 1.0 / 3.0);
  BOOST_TEST(score::average_precision({}) == 0.0);
  BOOST_TEST(score::correctness(0.5, 0.9) == 0.6);
}
