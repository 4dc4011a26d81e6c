#include "jobs/board_lines.hpp"

#include "tests/support/test.hpp"

using namespace dream;
using jobs::BoardView;
using Lines = std::vector<std::string>;

namespace {

BoardView scoring() {
  BoardView view;
  view.stage = "score";
  view.items = 400;
  view.done = 120;
  view.reused = 40;
  view.seconds = 25;
  view.in_flight = 24;
  view.sent = 12'345;
  view.sent_here = 1'000;
  view.usd = 1.234;
  view.tokens = 1'250'000;
  view.budget_usd = 5;
  view.leader = {"trial 3: sentence_window, minilm, top_k 4, gpt", "answer_correctness", 0.8124, 0.0312, 120};
  return view;
}

void check_lines(const Lines& is, const Lines& expected) {
  BOOST_CHECK_EQUAL_COLLECTIONS(is.begin(), is.end(), expected.begin(), expected.end());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_board_of_80_columns) {
  check_lines(jobs::board_lines(scoring(), {80, false}),
              {"  score   [=======                 ] 120/400, 3.2/s, 1 min 28 s left",
               "  calls   24 calls in flight, $1.23 of $5.00, 12 k sent, 40.0 calls/s",
               "  best    answer_correctness 0.812 +- 0.031 (95 %, 120 questions), trial 3: ..."});
}

BOOST_AUTO_TEST_CASE(a_board_of_120_columns) {
  check_lines(jobs::board_lines(scoring(), {120, false}),
              {"  score   [============                            ] 120/400, 3.2/s, 1 min 28 s left",
               "  calls   24 calls in flight, $1.23 of $5.00, 12 k sent, 40.0 calls/s, 1.2 M tokens",
               "  best    answer_correctness 0.812 +- 0.031 (95 %, 120 questions), trial 3: sentence_window, "
               "minilm, top_k 4, gpt"});
}

BOOST_AUTO_TEST_CASE(a_narrow_terminal_keeps_what_matters_most) {
  check_lines(jobs::board_lines(scoring(), {40, false}),
              {"  score   [===       ] 120/400", "  calls   24 calls in flight",
               "  best    answer_correctness 0.812 +..."});
}

BOOST_AUTO_TEST_CASE(no_line_is_wider_than_the_terminal) {
  for (int width = 1; width < 200; ++width) {
    for (const auto& line : jobs::board_lines(scoring(), {width, false}))
      BOOST_TEST(std::ssize(line) <= std::max(1, width - 1));
    BOOST_TEST(std::ssize(jobs::end_line(scoring(), {width, false})) <= std::max(1, width - 1));
  }
}

BOOST_AUTO_TEST_CASE(colour_changes_no_character) {
  for (int width : {5, 12, 20, 80, 120}) {
    auto coloured = jobs::board_lines(scoring(), {width, true});
    const auto plain = jobs::board_lines(scoring(), {width, false});
    if (width >= 20) BOOST_TEST(coloured[0].find("\x1b[32m=") != std::string::npos);
    for (const std::string code : {"\x1b[32m", "\x1b[0m"}) {
      if (const auto at = coloured[0].find(code); at != std::string::npos) coloured[0].erase(at, code.size());
    }
    check_lines(coloured, plain);
  }
}

BOOST_AUTO_TEST_CASE(a_stage_without_calls_is_one_line) {
  BoardView view;
  view.stage = "chunk";
  view.items = 12;
  check_lines(jobs::board_lines(view, {80, false}), {"  chunk   [                        ] 0/12"});
  view.done = 12;
  view.seconds = 0.44;
  view.reused = 3;
  BOOST_TEST(jobs::end_line(view, {80, false}) == "  chunk   [========================] 12 parts in 0.4 s");
  BOOST_TEST(
      jobs::end_line(view, {120, false}) ==
      "  chunk   [========================================] 12 parts in 0.4 s, 3 of them were in the state "
      "folder");
  BOOST_TEST(jobs::plain_end_line(view) ==
             "  chunk       12 parts in 0.4 s, 3 of them were in the state folder");
  view.items = view.done = view.reused = 0;
  check_lines(jobs::board_lines(view, {80, false}), {"  chunk   [========================] 0/0"});
}

BOOST_AUTO_TEST_CASE(budgets_of_money_and_of_tokens) {
  auto view = scoring();
  view.leader = {};
  view.usd = 0.00123;
  view.budget_usd = 0;
  BOOST_TEST(jobs::board_lines(view, {120, false})[1] ==
             "  calls   24 calls in flight, $0.0012 spent, 12 k sent, 40.0 calls/s, 1.2 M tokens");
  view.budget_tokens = 20'000'000;
  view.usd = 0;
  BOOST_TEST(jobs::board_lines(view, {120, false})[1] ==
             "  calls   24 calls in flight, 1.2 M of 20.0 M tokens, 12 k sent, 40.0 calls/s");
}

BOOST_AUTO_TEST_CASE(a_plain_line_has_all_the_news) {
  BOOST_TEST(
      jobs::plain_line(scoring()) ==
      "  score   120/400 parts, 3.2/s, 1 min 28 s left, 24 calls in flight, $1.23 of $5.00, 12 k sent, "
      "40.0 calls/s, 1.2 M tokens; best so far answer_correctness 0.812 +- 0.031 (95 %, 120 questions), "
      "trial 3: sentence_window, minilm, top_k 4, gpt");
}
