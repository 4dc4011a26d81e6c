#include "report/advice.hpp"

#include "tests/unit/report/pretended.hpp"

using namespace dream;
using test::Pretended;

namespace {

Pretended swept(int methods, int questions) {
  Pretended sweep(methods, questions, 2);
  sweep.run([](int, std::int64_t) { return "yes"; }, [](int, std::int64_t, int) { return "text"; });
  sweep.finished.verdict = sweep.verdict();
  return sweep;
}

std::string steps_of(const Pretended& sweep) {
  std::string text;
  for (const auto& step : report::next_steps(sweep.material(), sweep.finished.verdict)) text += step + "\n";
  return text;
}

std::string cost_of(const Pretended& sweep) {
  return report::cost_sentence(sweep.material(), sweep.finished.verdict);
}

bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_winner_at_the_edge_asks_for_more_of_the_same) {
  auto sweep = swept(3, 50);
  BOOST_TEST(has(steps_of(sweep), "Try a larger size: 66 is the largest so far"), steps_of(sweep));
  BOOST_TEST(!has(steps_of(sweep), "top_k"), "only one was tried");
  sweep.finished.verdict.winner = 0;
  BOOST_TEST(has(steps_of(sweep), "Try a smaller size: 64 is"));
  sweep.finished.verdict.winner = 3;
  BOOST_TEST(!has(steps_of(sweep), "size"), "65 stands between the others");
}

BOOST_AUTO_TEST_CASE(a_tie_leads_to_the_cheaper_or_to_more_questions) {
  auto sweep = swept(2, 50);
  auto& verdict = sweep.finished.verdict;
  verdict.winner = 3;
  verdict.ties = {1, 2};
  verdict.more_questions = 70;
  for (auto& trial : sweep.finished.outcome.trials) trial.question_usd = 0.002;
  BOOST_TEST(has(steps_of(sweep), "Ask about 70 more questions"), steps_of(sweep));
  sweep.finished.outcome.trials[2].question_usd = 0.0005;
  BOOST_TEST(has(steps_of(sweep), "Take trial 3 instead"), steps_of(sweep));
  BOOST_TEST(has(steps_of(sweep), "0.0005 USD"));
  verdict.ties.clear();
  BOOST_TEST(!has(steps_of(sweep), "Take trial"));
}

BOOST_AUTO_TEST_CASE(few_documents_and_no_hold_out_are_told) {
  auto sweep = swept(2, 12);
  BOOST_TEST(has(steps_of(sweep), "Ask about more documents: 12 are too few"), steps_of(sweep));
  BOOST_TEST(!has(steps_of(sweep), "golden.holdout"), "12 questions can spare none");
  auto larger = swept(2, 60);
  BOOST_TEST(has(steps_of(larger), "golden.holdout"), steps_of(larger));
  BOOST_TEST(!has(steps_of(larger), "more documents"));
  larger.finished.held_out = 9;
  BOOST_TEST(!has(steps_of(larger), "golden.holdout"));
  larger.finished.verdict = {};
  BOOST_TEST(has(steps_of(larger), "Look at what failed"));
}

BOOST_AUTO_TEST_CASE(cost_is_told_at_the_prices_there_are) {
  auto sweep = swept(2, 12);
  BOOST_TEST(has(cost_of(sweep), "cost nothing"), cost_of(sweep));
  for (auto& trial : sweep.finished.outcome.trials) trial.input_tokens = 1000;
  BOOST_TEST(has(cost_of(sweep), "4000 tokens; the config gives no price"), cost_of(sweep));
  for (auto& trial : sweep.finished.outcome.trials) trial.cost_usd = 0.5, trial.question_usd = 0.0012;
  BOOST_TEST(has(cost_of(sweep),
                 "a question costs 0.0012 USD with trial 4, and the answers of all trials cost 2 USD"),
             cost_of(sweep));
}
