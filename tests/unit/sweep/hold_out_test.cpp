#include "sweep/hold_out.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/errors.hpp"
#include "tests/support/test.hpp"

using namespace dream;

namespace {

std::vector<GoldenQuestion> questions_about(int documents, int each) {
  std::vector<GoldenQuestion> questions;
  for (int q = 0; q < documents * each; ++q) {
    questions.push_back({fmt::format("q{}", q),
                         fmt::format("question {}?", q),
                         "yes",
                         {},
                         {fmt::format("doc{}.txt", q % documents)}});
  }
  return questions;
}

std::vector<std::int64_t> held_out(const std::vector<GoldenQuestion>& questions, double holdout,
                                   std::int64_t seed) {
  std::vector<Digest> digests;
  for (const auto& question : questions) digests.push_back(digest_of(question.question));
  return sweep::held_out(questions, digests, holdout, seed, "golden.csv");
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_document_gives_its_part_to_the_hold_out) {
  for (const std::int64_t seed : {1, 2, 3, 17}) {
    const auto questions = questions_about(8, 5);
    const auto places = held_out(questions, 0.4, seed);
    BOOST_TEST(places.size() == 16U);
    std::map<std::string, int> by_document;
    for (const auto at : places) ++by_document[questions[static_cast<std::size_t>(at)].sources.front()];
    BOOST_TEST(by_document.size() == 8U);
    for (const auto& [document, count] : by_document) BOOST_TEST(count == 2, document << " gave " << count);
  }
}

BOOST_AUTO_TEST_CASE(places_rise_and_each_is_there_once) {
  for (const double holdout : {0.1, 0.5, 0.9, 1.0, 7.0, 39.0}) {
    const auto places = held_out(questions_about(40, 1), holdout, 17);
    BOOST_TEST(places.size() == static_cast<std::size_t>(holdout < 1 ? holdout * 40 : holdout));
    for (std::size_t i = 1; i < places.size(); ++i) BOOST_TEST(places[i - 1] < places[i]);
    BOOST_TEST(places.front() >= 0);
    BOOST_TEST(places.back() < 40);
  }
}

BOOST_AUTO_TEST_CASE(the_seed_decides_what_is_held_out) {
  const auto questions = questions_about(20, 2);
  BOOST_TEST(held_out(questions, 10, 3) == held_out(questions, 10, 3));
  BOOST_TEST(held_out(questions, 10, 3) != held_out(questions, 10, 4));
}

BOOST_AUTO_TEST_CASE(a_hold_out_leaves_questions_on_both_sides) {
  BOOST_TEST(held_out(questions_about(3, 1), 0, 17).empty());
  for (const double holdout : {0.1, 3.0, 100.0, 1e300, 1.5}) {
    BOOST_CHECK_EXCEPTION((void)held_out(questions_about(3, 1), holdout, 17), ConfigError,
                          [](const auto& e) { return std::string(e.what()).find("golden.holdout = ") == 0; });
  }
}

BOOST_AUTO_TEST_CASE(finalists_are_the_best_and_its_ties) {
  sweep::Plan plan;
  for (int number = 1; number <= 4; ++number) {
    plan.trials.emplace_back();
    plan.trials.back().number = number;
  }
  stats::Verdict verdict;
  BOOST_TEST(sweep::finalists(plan, verdict, 5).empty());
  verdict.winner = 2;
  verdict.ties = {0, 3};
  BOOST_TEST(sweep::finalists(plan, verdict, 5) == (std::vector<int>{3, 1, 4}));
  BOOST_TEST(sweep::finalists(plan, verdict, 2) == (std::vector<int>{3, 1}));
}
