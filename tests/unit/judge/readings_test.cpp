#include "judge/readings.hpp"

#include "judge/remarks.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::judge;

namespace {

calls::Reply reply(const std::string& text) { return {text, "", true, "stop", 1, 1}; }

Reading said(Step step, const calls::Reply& reply) { return read(step, "", reply); }

Reading verdicts(const std::vector<std::pair<std::string, std::int64_t>>& list) {
  Reading out;
  for (const auto& [statement, verdict] : list) out.verdicts.push_back({statement, verdict});
  return out;
}

Reading failed(const std::string& code) {
  Reading out;
  out.reason = code;
  return out;
}

std::vector<std::int64_t> values(const score::Said<score::Verdicts>& said) {
  std::vector<std::int64_t> out;
  for (const auto& verdict : said.value) out.push_back(verdict.verdict);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_step_reads_its_fields) {
  BOOST_TEST(said(Step::statements, reply(R"({"statements": ["a", "b"]})")).statements.size() == 2U);
  const auto support =
      said(Step::support, reply(R"({"verdicts": [{"statement": "a", "reason": "r", "verdict": 1}]})"));
  BOOST_TEST((support.verdicts.at(0).statement == "a" && support.verdicts.at(0).verdict == 1));
  const auto attribution =
      said(Step::attribution, reply(R"({"classifications": [{"statement": "a", "attributed": 0}]})"));
  BOOST_TEST(attribution.verdicts.at(0).verdict == 0);
  const auto made_up = said(Step::question, reply(R"({"question": "Why?", "noncommittal": 0})")).made_up;
  BOOST_TEST((made_up.question == "Why?" && made_up.noncommittal == 0));
  BOOST_TEST(said(Step::usefulness, reply(R"({"verdict": 1})")).verdicts.at(0).verdict == 1);
  const auto classes =
      said(Step::classification, reply(R"({"TP": [{"statement": "a"}], "FP": ["b"], "FN": ["c", "d"]})"));
  score::Testimony said;
  Noise noise;
  note(said, {Step::classification, 0, 0, ""}, {&classes, 1}, noise);
  BOOST_TEST(said.classes.value.true_positives == 1);
  BOOST_TEST(said.classes.value.false_positives == 1);
  BOOST_TEST(said.classes.value.false_negatives == 2);
}

BOOST_AUTO_TEST_CASE(verdicts_are_read_as_models_write_them) {
  for (const auto* one : {"1", "true", "1.0", "\"1\""}) {
    BOOST_TEST(
        said(Step::usefulness, reply(std::string("{\"verdict\": ") + one + "}")).verdicts.at(0).verdict == 1,
        one);
  }
  for (const auto* none : {"null", "0.5", "\"yes\"", "[1]", "1e300", "\"\""}) {
    BOOST_TEST(said(Step::usefulness, reply(std::string("{\"verdict\": ") + none + "}")).reason == "schema",
               none);
  }
}

BOOST_AUTO_TEST_CASE(a_bare_list_stands_for_the_object_around_it) {
  const auto prompts = load_prompts("", score::Rules::ragas_0_4);
  const auto heard = [&](Step step, const std::string& text) {
    return read(step, prompts.of(step).schema, reply(text));
  };
  BOOST_TEST(heard(Step::statements, R"(Here: ["a", "b"])").statements.size() == 2U);
  BOOST_TEST(heard(Step::support, R"([{"statement": "a", "verdict": 1}])").verdicts.at(0).verdict == 1);
  BOOST_TEST(heard(Step::attribution, R"([{"statement": "a", "attributed": 1}])").verdicts.size() == 1U);
  BOOST_TEST(heard(Step::support, "[]").reason == "");
  // Their objects have more than a list in them.
  BOOST_TEST(heard(Step::usefulness, "[1]").reason == "unparsable");
  BOOST_TEST(heard(Step::classification, R"([{"TP": []}])").reason == "schema");
}

BOOST_AUTO_TEST_CASE(replies_that_do_not_fit_have_a_reason) {
  BOOST_TEST(said(Step::statements, reply(R"({"claims": []})")).reason == "schema");
  BOOST_TEST(said(Step::statements, reply(R"({"statements": [1]})")).reason == "schema");
  BOOST_TEST(said(Step::statements, reply("no")).reason == "unparsable");
  calls::Reply late{"", "timeout", false, "", 0, 0};
  BOOST_TEST(said(Step::statements, late).reason == "timeout");
  BOOST_TEST(!said(Step::statements, late).final);
  BOOST_TEST(!can_be_repaired(said(Step::statements, late)));
}

BOOST_AUTO_TEST_CASE(the_majority_counts_by_statement_and_not_by_place) {
  Noise noise;
  const std::vector<Reading> samples{verdicts({{"a", 1}, {"b", 0}, {"c", 1}}), verdicts({{"b", 1}, {"a", 0}}),
                                     verdicts({{"b", 1}, {"c", 1}, {"a", 0}})};
  BOOST_TEST(values(vote(samples, noise)) == (std::vector<std::int64_t>{0, 1, 1}),
             boost::test_tools::per_element());
  BOOST_TEST(noise.votes == 8);
  BOOST_TEST(noise.flips == 2);
}

BOOST_AUTO_TEST_CASE(a_tie_stands_with_the_first_sample_and_failed_samples_do_not_vote) {
  Noise noise;
  const std::vector<Reading> samples{failed("timeout"), verdicts({{"a", 1}}), verdicts({{"a", 0}})};
  BOOST_TEST(values(vote(samples, noise)) == (std::vector<std::int64_t>{1}),
             boost::test_tools::per_element());
  const std::vector<Reading> none{failed("timeout"), failed("schema")};
  BOOST_TEST(vote(none, noise).reason == "timeout");
}

BOOST_AUTO_TEST_CASE(equal_statements_of_one_sample_are_matched_one_by_one) {
  Noise noise;
  const std::vector<Reading> samples{verdicts({{"a", 1}, {"a", 0}}), verdicts({{"a", 1}, {"a", 0}}),
                                     verdicts({{"a", 1}, {"a", 0}})};
  BOOST_TEST(values(vote(samples, noise)) == (std::vector<std::int64_t>{1, 0}),
             boost::test_tools::per_element());
  BOOST_TEST(noise.flips == 0);
}

BOOST_AUTO_TEST_CASE(remarks_name_the_metric_the_statement_and_the_judge_s_reason) {
  const auto support =
      said(Step::support, reply(R"({"verdicts": [{"statement": "a", "reason": "r", "verdict": 1},
      {"statement": "b", "reason": 7, "verdict": 0}]})"));
  const auto remarks = remarks_of({Step::support, 0, 0, ""}, {&support, 1});
  BOOST_TEST(remarks.size() == 2U);
  BOOST_TEST((remarks[0].metric == "faithfulness" && remarks[0].statement == "a" && remarks[0].verdict == 1));
  BOOST_TEST(remarks[0].reason == "r");
  BOOST_TEST(remarks[1].reason == "", "what is no text is no reason");
  const auto useful = said(Step::usefulness, reply(R"({"reason": "names it", "verdict": 1})"));
  const auto of_third = remarks_of({Step::usefulness, 2, 0, ""}, {&useful, 1});
  BOOST_TEST((of_third.at(0).statement == "context 3" && of_third.at(0).reason == "names it"));
  const auto none = failed("timeout");
  BOOST_TEST(remarks_of({Step::support, 0, 0, ""}, {&none, 1}).empty());
  BOOST_TEST(remarks_of({Step::question, 0, 0, ""}, {&none, 1}).empty());
}

BOOST_AUTO_TEST_CASE(a_reason_that_the_majority_does_not_share_is_not_shown) {
  auto samples = std::vector{verdicts({{"a", 1}, {"b", 1}}), verdicts({{"a", 0}, {"b", 1}}),
                             verdicts({{"a", 0}, {"b", 0}})};
  for (auto& sample : samples)
    for (auto& one : sample.verdicts) one.reason = "of the first";
  const auto remarks = remarks_of({Step::support, 0, 0, ""}, samples);
  BOOST_TEST((remarks[0].verdict == 0 && remarks[0].reason == ""));
  BOOST_TEST((remarks[1].verdict == 1 && remarks[1].reason == "of the first"));
}
