#include "report/record.hpp"

#include <filesystem>

#include "report/answer.hpp"
#include "report/gate.hpp"
#include "report/markdown.hpp"
#include "tests/unit/report/pretended.hpp"

using namespace dream;
using test::Pretended;

namespace {

/// What the trials of `sweep` answered, in an output folder.
void write_output(Pretended& sweep) {
  sweep.run([](int t, std::int64_t q) { return fmt::format("answer {} {}", t, q); },
            [](int, std::int64_t q, int k) { return fmt::format("passage {} {}", q, k); });
  std::filesystem::create_directories(sweep.config.sweep.output);
  report::write_h5(sweep.material(), R"({"a":1})", "");
}

bool says(const std::exception& error, const std::string& words) {
  return std::string(error.what()).find(words) != std::string::npos;
}

bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_record_says_what_the_sweep_found) {
  Pretended sweep(2, 9, 2);
  write_output(sweep);
  const report::Record record(sweep.config.sweep.output);
  BOOST_TEST(record.metrics == test::metric_names);
  BOOST_TEST(record.trials.size() == 4U);
  BOOST_TEST(record.trials[3].title == "trial 4 (overlap, wide, top_k 2, quote)");
  BOOST_TEST(record.trials[3].method == "overlap(size = 65)");
  BOOST_TEST(record.questions.ids[8] == "q8");
  auto alone = comm::self();
  BOOST_TEST(record.scores("answer_correctness").values ==
             sweep::objective_scores(alone, sweep.config, sweep.finished, sweep.parts, no_pulse()).values);
  BOOST_TEST(judge_trials(record, no_pulse()).sentence == sweep.verdict().sentence);
  BOOST_TEST(record.page() == R"({"a":1})");

  const auto answer = record.answer(record.trial_at(3), record.question_at("q7"));
  BOOST_TEST(answer.text == "answer 3 7");
  BOOST_TEST(answer.scores[0] == 0.003);
  BOOST_TEST(answer.reasons == (std::vector<std::string>{"", "no_statement", ""}));
  BOOST_TEST(answer.chunks.size() == 2U);
  BOOST_TEST(answer.chunks[1].ends_with("-15"));
  BOOST_CHECK_EXCEPTION((void)record.scores("faithfullness"), ConfigError,
                        [](const auto& e) { return says(e, "faithfulness"); });
  BOOST_CHECK_EXCEPTION((void)record.trial_at(5), ConfigError,
                        [](const auto& e) { return says(e, "there are 4"); });
  BOOST_CHECK_THROW((void)record.question_at("q9"), ConfigError);
}

BOOST_AUTO_TEST_CASE(a_folder_without_a_record_says_what_to_do) {
  const auto folder = test::folder();
  BOOST_CHECK_EXCEPTION(report::Record{folder}, StateError,
                        [](const auto& e) { return says(e, "not there"); });
  state::H5Writer file(folder / "sweep.h5");
  file.write_strings("metric", std::vector<std::string>{"mrr"});
  file.close();
  BOOST_CHECK_EXCEPTION(report::Record{folder}, StateError,
                        [](const auto& e) { return says(e, "run the sweep again"); });
}

BOOST_AUTO_TEST_CASE(an_answer_is_shown_with_its_passages_or_says_that_they_are_missing) {
  Pretended sweep(1, 3, 2);
  sweep.remarks = [](int t, std::int64_t q) {
    return std::vector<Remark>{
        {"faithfulness", fmt::format("claim {} {}", t, q), 0, "no passage\x1b[2J says so"},
        {"answer_correctness", "left out", 0, ""}};
  };
  write_output(sweep);
  const report::Record record(sweep.config.sweep.output);
  const auto without = report::answer_text(record, 1, 2);
  BOOST_TEST(has(without, "chunks.csv is not beside sweep.h5"));
  report::write_chunks(sweep.material());
  const auto text = report::answer_text(record, 1, 2);
  for (const auto* words :
       {"trial 2 (", "question 2?", "so it is", "answer 2 2", "no_statement", "manual.txt, pages 3 to 4",
        "passage 2 1", "- not supported: claim 2 2\n        no passage [2J says so",
        "answer_correctness\n    - missing from the answer: left out"})
    BOOST_TEST(has(text, words), words);
  BOOST_TEST(!has(text, "passage 1"), "another question's");
  BOOST_TEST(!has(text, "claim 2 1"), "another question's");
}

BOOST_AUTO_TEST_CASE(two_answers_stand_side_by_side) {
  const std::string words(40, 'w');
  const auto text = report::side_by_side("a\n  " + words + " " + words + "\n\xc3\xa4", "b");
  BOOST_TEST(text == "a" + std::string(58, ' ') + "| b\n  " + words + std::string(17, ' ') + "|\n" + words +
                         std::string(19, ' ') + "|\n\xc3\xa4" + std::string(58, ' ') + "|\n");
  BOOST_TEST(report::side_by_side(std::string(60, 'x'), "").find(std::string(58, 'x') + " |\nxx") == 0U);
}

BOOST_AUTO_TEST_CASE(a_gate_says_where_the_interval_lies) {
  Pretended sweep(2, 9, 1);
  write_output(sweep);
  const report::Record record(sweep.config.sweep.output);
  const auto check = [&](const char* gates) { return check_gates(record, 3, report::parse_gates(gates)); };
  BOOST_TEST(has(check("answer_correctness=0.001"), "is not below 0.001"));
  BOOST_TEST(has(check("answer_correctness=0.001,hit_rate=1"), "all of its 95 % interval lies at or above"));
  BOOST_CHECK_EXCEPTION((void)check("hit_rate=0.5,answer_correctness=0.9"), report::BelowGate,
                        [](const auto& e) {
                          return static_cast<int>(e.code) == 8 &&
                                 says(e, "all of its 95 % interval lies below") && !says(e, "hit_rate");
                        });
  BOOST_CHECK_EXCEPTION((void)check("answer_correctness=0.0025"), report::BelowGate,
                        [](const auto& e) { return says(e, "on both sides"); });
  BOOST_CHECK_EXCEPTION((void)check("faithfulness=0"), report::BelowGate,
                        [](const auto& e) { return says(e, "no value"); });
  for (const auto* wrong : {"", "mrr", "mrr=", "=1", "mrr=1x", "mrr=0.5,", "mrr=nan"})
    BOOST_CHECK_THROW((void)report::parse_gates(wrong), ConfigError);
}

BOOST_AUTO_TEST_CASE(a_markdown_table_has_the_best_first_and_no_markup_of_others) {
  Pretended sweep(2, 9, 1);
  sweep.config.sweep.name = "a|b <i>";
  write_output(sweep);
  const report::Record record(sweep.config.sweep.output);
  const auto text = report::markdown(record, judge_trials(record, no_pulse()), 3);
  BOOST_TEST(has(text, "**a\\|b &lt;i>**: "));
  BOOST_TEST(has(text, "| trial | verdict | choices | answer\\_correctness (95 % interval) |"));
  BOOST_TEST(text.find("\n| 4 | best |") < text.find("\n| 3 | "));
  BOOST_TEST(!has(text, "\n| 1 |"));
  BOOST_TEST(has(text, "1 more trials are in results.csv"));
}
