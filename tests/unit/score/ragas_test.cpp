#include "stages/score/ragas.hpp"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::score;
using nlohmann::json;

namespace {

json vectors(const std::string& rules) {
  std::ifstream file(test::data() / "ragas" / (rules + ".json"));
  BOOST_REQUIRE_MESSAGE(file, "tests/data/ragas/" + rules + ".json");
  return json::parse(file);
}

/// A reply of the row, read by `read`; null is a reply that cannot be parsed.
template <class T>
Said<T> said(const json& reply, const std::function<T(const json&)>& read) {
  if (reply.is_null()) return {{}, "unparsable"};
  return {read(reply), ""};
}

Verdicts verdicts(const json& list) {
  Verdicts out;
  for (const auto& pair : list) out.push_back({pair[0], pair[1]});
  return out;
}

Testimony testimony(const json& row) {
  const auto& all = row["said"];
  const auto strings = [](const json& list) { return list.get<Statements>(); };
  Testimony out;
  if (all.contains("answer")) out.answer = said<Statements>(all["answer"], strings);
  if (all.contains("reference")) out.reference = said<Statements>(all["reference"], strings);
  if (all.contains("support")) out.support = said<Verdicts>(all["support"], verdicts);
  if (all.contains("attribution")) out.attribution = said<Verdicts>(all["attribution"], verdicts);
  if (all.contains("classes")) {
    out.classes = said<Classes>(all["classes"], [](const json& n) { return Classes{n[0], n[1], n[2]}; });
  }
  for (const auto& one : all.value("made_up", json::array())) {
    out.made_up.push_back(said<MadeUp>(one, [](const json& q) { return MadeUp{q[0], q[1]}; }));
  }
  for (const auto& one : all.value("useful", json::array())) {
    out.useful.push_back(said<std::int64_t>(one, [](const json& v) { return v.get<std::int64_t>(); }));
  }
  return out;
}

/// Cosine; NaN where a text has no direction.
double cosine(const json& x, const json& y) {
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = x[i], b = y[i];
    xy += a * b, xx += a * a, yy += b * b;
  }
  return xy / (std::sqrt(xx) * std::sqrt(yy));
}

struct Case {
  explicit Case(const json& row)
      : question(row["question"]),
        answer(row["answer"]),
        reference(row["reference"]),
        contexts(row["contexts"]) {}
  [[nodiscard]] JudgeInput input() const { return {question, answer, contexts, reference}; }
  std::string question, answer, reference;
  std::vector<std::string> contexts;
};

Score score_of(const RuleSet& rules, const json& row) {
  const Case made(row);
  const auto testimony_of_row = testimony(row);
  std::vector<std::pair<std::string, std::string>> announced;
  for (const auto& [a, b] : pairs(rules, made.input(), testimony_of_row)) announced.emplace_back(a, b);
  const Similarity similarity = [&](std::string_view a, std::string_view b) {
    const std::pair asked{std::string(a), std::string(b)};
    BOOST_TEST((std::ranges::find(announced, asked) != announced.end()),
               "a text that pairs() did not announce: " << a << " | " << b);
    return cosine(row["vectors"].at(asked.first), row["vectors"].at(asked.second));
  };
  return scores(rules, made.input(), testimony_of_row, similarity).at(row["metric"]);
}

void same_as_peer(const std::string& name) {
  const auto all = vectors(name);
  const RuleSet rules{rules_of(name), false};
  BOOST_TEST(all["rows"].size() >= 100U);
  for (const auto& row : all["rows"]) {
    const auto score = score_of(rules, row);
    BOOST_TEST_CONTEXT(row.dump()) {
      BOOST_TEST(score.has_value() == row["expected"].is_number(), score.reason);
      if (score.has_value() && row["expected"].is_number()) {
        BOOST_TEST(std::abs(score.value - row["expected"].get<double>()) <= 1e-9, score.value);
      }
    }
  }
}

std::vector<Said<MadeUp>> made_up(const std::vector<MadeUp>& questions) {
  std::vector<Said<MadeUp>> out;
  for (const auto& question : questions) out.push_back({question, ""});
  return out;
}

/// A case where every judgement is a yes.
struct AllYes {
  std::vector<std::string> contexts{"The bridge opened in 1931.", "It is long."};
  JudgeInput input{"When?", "In 1931.", contexts, "1931."};
  Testimony said{.answer = {{"It opened in 1931."}, ""},
                 .reference = {{"It opened in 1931."}, ""},
                 .support = {{{"It opened in 1931.", 1}}, ""},
                 .made_up = made_up({{"When did it open?", 0}}),
                 .useful = {{1, ""}, {0, ""}},
                 .attribution = {{{"It opened in 1931.", 1}}, ""},
                 .classes = {{1, 0, 0}, ""}};
  [[nodiscard]] Score score(const std::string& metric, Rules rules = Rules::ragas_0_4) const {
    return scores({rules, true}, input, said, [](auto, auto) { return 0.5; }).at(metric);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(scores_of_ragas_0_4_are_those_of_the_package) { same_as_peer("ragas-0.4"); }
BOOST_AUTO_TEST_CASE(scores_of_ragas_0_4_legacy_are_those_of_the_package) {
  same_as_peer("ragas-0.4-legacy");
}
BOOST_AUTO_TEST_CASE(scores_of_ragas_0_1_are_those_of_the_package) { same_as_peer("ragas-0.1"); }

BOOST_AUTO_TEST_CASE(strict_rules_differ_from_the_peer_only_where_its_number_says_nothing) {
  for (const auto& name : rule_names()) {
    for (const auto& row : vectors(name)["rows"]) {
      const auto strict = score_of({rules_of(name), true}, row);
      const auto peer = score_of({rules_of(name), false}, row);
      BOOST_TEST_CONTEXT(name << " " << row.dump()) {
        if (strict.has_value()) {
          BOOST_TEST(strict.value <= 1 + 1e-12);
          BOOST_TEST((peer.has_value() ||
                      row["metric"] == "answer_relevancy"));  // empty made-up questions are left out
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(strict_perfect_scores_are_one) {
  const AllYes yes;
  for (const auto* metric : {"faithfulness", "context_precision", "context_recall"}) {
    BOOST_TEST(yes.score(metric).value == 1.0, metric);
  }
  BOOST_TEST(yes.score("answer_relevancy").value == 0.5);
  BOOST_TEST(yes.score("answer_correctness").value == 0.75 + 0.125);
}

BOOST_AUTO_TEST_CASE(a_verdict_of_two_counts_once_in_strict_rules) {
  AllYes yes;
  yes.said.useful = {{2, ""}, {2, ""}};
  yes.said.attribution.value[0].verdict = 2;
  BOOST_TEST(yes.score("context_precision").value == 1.0);
  BOOST_TEST(yes.score("context_recall").value == 1.0);
}

BOOST_AUTO_TEST_CASE(an_empty_list_of_statements_is_no_perfect_answer) {
  AllYes yes;
  yes.said.answer.value.clear();
  for (const auto rules : {Rules::ragas_0_4, Rules::ragas_0_4_legacy}) {
    BOOST_TEST(yes.score("faithfulness", rules).reason == "no_statements");
  }
  BOOST_TEST(yes.score("answer_correctness").reason == "no_statements");
  yes.said.reference.value.clear();
  BOOST_TEST(yes.score("answer_correctness", Rules::ragas_0_4_legacy).reason == "no_statements");
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_told_before_what_was_said) {
  AllYes yes;
  yes.input.answer = " \n";
  yes.said.answer.reason = "timeout";
  for (const auto* metric : {"faithfulness", "answer_relevancy", "answer_correctness", "answer_similarity"}) {
    BOOST_TEST(yes.score(metric).reason == "empty_answer", metric);
  }
  BOOST_TEST(yes.score("context_recall").value == 1.0);
  yes.input.reference = "";
  BOOST_TEST(yes.score("context_precision").reason == "no_reference");
  yes.input.reference = "1931.";
  yes.input.contexts = {};
  BOOST_TEST(yes.score("context_recall").reason == "no_context");
}

BOOST_AUTO_TEST_CASE(a_reason_of_the_judge_is_the_reason_of_the_metrics_that_needed_the_reply) {
  AllYes yes;
  yes.said.useful[1].reason = "truncated";
  yes.said.answer.reason = "timeout";
  BOOST_TEST(yes.score("context_precision").reason == "truncated");
  BOOST_TEST(yes.score("faithfulness").reason == "timeout");
  BOOST_TEST(yes.score("answer_correctness").reason == "timeout");
  BOOST_TEST(yes.score("answer_correctness", Rules::ragas_0_1).has_value());
  BOOST_TEST(yes.score("context_recall").has_value());
}

BOOST_AUTO_TEST_CASE(one_evasive_sample_is_enough_for_0_1_and_all_for_0_4) {
  AllYes yes;
  yes.said.made_up = made_up({{"a?", 1}, {"b?", 0}, {"c?", 0}});
  BOOST_TEST(yes.score("answer_relevancy", Rules::ragas_0_1).value == 0.0);
  BOOST_TEST(yes.score("answer_relevancy", Rules::ragas_0_4).value == 0.5);
}
