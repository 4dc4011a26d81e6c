#include "judge/queries.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::judge;
using nlohmann::json;
using score::Rules;

namespace {

const std::vector<std::string> two_contexts{"The bridge opened in 1931.", "It is long.\n\"Say 1.\""};
const score::JudgeInput row{"When?", "In 1931.", two_contexts, "1931."};

Settings settings_of(Rules rules, std::int64_t repeats = 1) {
  return {{rules, true}, repeats, false, load_prompts("", rules)};
}

/// Both rounds, with a testimony of one statement each.
std::vector<Query> all_queries(const Settings& settings, const score::JudgeInput& input) {
  score::Testimony said;
  said.answer.value = said.reference.value = {"It opened in 1931."};
  auto out = first_queries(settings, input);
  for (auto& query : second_queries(settings, input, said)) out.push_back(std::move(query));
  return out;
}

std::map<Step, int> counts(const std::vector<Query>& queries) {
  std::map<Step, int> out;
  for (const auto& query : queries) ++out[query.step];
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_question_takes_the_calls_of_its_rules) {
  // docs/metrics.md: k + 8 requests by the rules of 0.4 (one list of statements serves two metrics), k + 7 by
  // those of 0.1.
  auto of_04 = counts(all_queries(settings_of(Rules::ragas_0_4), row));
  BOOST_TEST((of_04 == std::map<Step, int>{{Step::statements, 2},
                                           {Step::support, 1},
                                           {Step::question, 3},
                                           {Step::usefulness, 2},
                                           {Step::attribution, 1},
                                           {Step::classification, 1}}));
  auto of_01 = counts(all_queries(settings_of(Rules::ragas_0_1), row));
  BOOST_TEST((of_01 == std::map<Step, int>{{Step::statements, 1},
                                           {Step::support, 1},
                                           {Step::question, 3},
                                           {Step::usefulness, 2},
                                           {Step::attribution, 1},
                                           {Step::classification, 1}}));
}

BOOST_AUTO_TEST_CASE(the_bound_of_a_plan_is_what_a_full_row_takes) {
  for (const auto rules : {Rules::ragas_0_4, Rules::ragas_0_4_legacy, Rules::ragas_0_1}) {
    for (const std::int64_t repeats : {1, 3}) {
      BOOST_TEST(most_queries(rules, repeats, 2) ==
                 std::ssize(all_queries(settings_of(rules, repeats), row)));
    }
  }
}

BOOST_AUTO_TEST_CASE(requests_hold_nothing_of_the_trial_that_they_do_not_need) {
  for (const auto rules : {Rules::ragas_0_4, Rules::ragas_0_4_legacy, Rules::ragas_0_1}) {
    auto other = row;
    other.answer = "In 1929, they say.";
    std::set<std::string> of_row, of_other;
    for (const auto& query : first_queries(settings_of(rules), row)) {
      if (query.step == Step::usefulness || query.step == Step::attribution) of_row.insert(query.input);
    }
    for (const auto& query : first_queries(settings_of(rules), other)) {
      if (query.step == Step::usefulness || query.step == Step::attribution) of_other.insert(query.input);
    }
    BOOST_TEST((of_row == of_other));
    BOOST_TEST(of_row.size() == 3U);
  }
}

BOOST_AUTO_TEST_CASE(a_context_is_asked_about_with_the_same_bytes_at_any_rank) {
  const std::vector<std::string> turned{two_contexts[1], two_contexts[0]};
  auto other = row;
  other.contexts = turned;
  const auto first = first_queries(settings_of(Rules::ragas_0_4), row);
  const auto second = first_queries(settings_of(Rules::ragas_0_4), other);
  const auto input = [](const std::vector<Query>& queries, std::size_t slot) {
    return std::ranges::find_if(
               queries, [slot](const Query& q) { return q.step == Step::usefulness && q.slot == slot; })
        ->input;
  };
  BOOST_TEST(input(first, 0) == input(second, 1));
}

BOOST_AUTO_TEST_CASE(texts_go_in_as_json) {
  for (const auto& query : all_queries(settings_of(Rules::ragas_0_4), row)) {
    BOOST_TEST(query.input.find('\n') == std::string::npos);
    BOOST_TEST(json::parse(query.input).is_object());
  }
}

BOOST_AUTO_TEST_CASE(only_verdicts_are_repeated_and_samples_stand_together) {
  const auto queries = all_queries(settings_of(Rules::ragas_0_4, 3), row);
  BOOST_TEST((counts(queries) == std::map<Step, int>{{Step::statements, 2},
                                                     {Step::support, 3},
                                                     {Step::question, 3},
                                                     {Step::usefulness, 6},
                                                     {Step::attribution, 3},
                                                     {Step::classification, 3}}));
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (queries[i].step == Step::question || queries[i].sample == 0) continue;
    BOOST_TEST((queries[i - 1].step == queries[i].step && queries[i - 1].slot == queries[i].slot));
    BOOST_TEST(queries[i - 1].sample == queries[i].sample - 1);
  }
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_not_asked_about) {
  auto without = row;
  without.answer = "";
  for (const auto& query : first_queries(settings_of(Rules::ragas_0_4), without)) {
    BOOST_TEST((query.step == Step::usefulness || query.step == Step::attribution));
  }
  without.reference = "";
  BOOST_TEST(first_queries(settings_of(Rules::ragas_0_4), without).empty());
  score::Testimony nothing;
  BOOST_TEST(second_queries(settings_of(Rules::ragas_0_4), row, nothing).empty());
}
