#include "stats/verdict.hpp"

#include <cmath>
#include <limits>

#include "stats/random.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using stats::ScoreMatrix;
using stats::Verdict;

namespace {

const double none = std::numeric_limits<double>::quiet_NaN();

/// Trials with leads over a common difficulty, as in a sweep.
ScoreMatrix simulated(const std::vector<double>& lead, int questions) {
  stats::Random random(8, 3);
  ScoreMatrix scores(static_cast<int>(lead.size()), questions);
  for (int q = 0; q < questions; ++q) {
    const double difficulty = 0.3 * random.uniform();
    for (int t = 0; t < scores.trials; ++t) {
      scores.row(t)[static_cast<std::size_t>(q)] =
          difficulty + lead[static_cast<std::size_t>(t)] + 0.2 * random.uniform();
    }
  }
  return scores;
}

Verdict verdict(const ScoreMatrix& scores, std::span<const std::int32_t> cluster = {}) {
  std::vector<std::string> names;
  for (int t = 0; t < scores.trials; ++t) names.push_back(std::string(1, static_cast<char>('a' + t)));
  stats::VerdictInput input;
  input.scores = &scores;
  input.names = names;
  input.metric = "recall";
  input.cluster = cluster;
  return stats::judge_trials(input, {17, 2000, 0.95}, no_pulse());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_clear_winner) {
  const auto v = verdict(simulated({0.1, 0.3, 0.0}, 80));
  BOOST_TEST(v.winner == 1);
  BOOST_TEST(v.ties.empty());
  BOOST_TEST(v.second == 0);
  BOOST_TEST(v.p[1] == 1.0);
  BOOST_TEST(v.p[0] < 0.01);
  BOOST_TEST(v.difference == v.means[1] - v.means[0], boost::test_tools::tolerance(1e-9));
  BOOST_TEST(v.interval.low < v.difference);
  BOOST_TEST(v.interval.low > 0.0);
  BOOST_TEST(v.more_questions == 0);
  BOOST_TEST(v.sentence.find("\"b\" is best: recall 0.") == 0U, v.sentence);
  BOOST_TEST(v.sentence.find("over 80 questions, above \"a\" by 0.") != std::string::npos, v.sentence);
  BOOST_TEST(v.sentence.find("; p < 0.001 for 3 trials together)") != std::string::npos, v.sentence);
}

BOOST_AUTO_TEST_CASE(a_tie_says_so_and_how_many_more_questions) {
  const auto v = verdict(simulated({0.1, 0.11, 0.1, -0.3, 0.105}, 50));
  BOOST_TEST(v.ties.size() == 3U);
  for (std::size_t i = 1; i < v.ties.size(); ++i) {
    BOOST_TEST(v.means[static_cast<std::size_t>(v.ties[i - 1])] >=
               v.means[static_cast<std::size_t>(v.ties[i])]);
  }
  BOOST_TEST(v.second == v.ties[0]);
  BOOST_TEST(v.p[3] <= 0.05);
  BOOST_TEST(v.more_questions > 0);
  BOOST_TEST(v.sentence.find("A tie: ") == 0U, v.sentence);
  BOOST_TEST(v.sentence.find("cannot be told from it") != std::string::npos, v.sentence);
  BOOST_TEST(
      v.sentence.find("about " + std::to_string(v.more_questions) + " more questions") != std::string::npos,
      v.sentence);
}

BOOST_AUTO_TEST_CASE(equal_trials_tie_for_good) {
  ScoreMatrix scores(2, 10);
  for (auto& value : scores.values) value = 0.5;
  const auto v = verdict(scores);
  BOOST_TEST(v.winner == 0);
  BOOST_TEST((v.ties == std::vector<int>{1}));
  BOOST_TEST(v.more_questions == -1);
  BOOST_TEST(v.sentence.find("no reasonable number of questions") != std::string::npos, v.sentence);
}

BOOST_AUTO_TEST_CASE(trials_with_gaps) {
  auto scores = simulated({0.1, 0.3, 0.9}, 40);
  for (std::size_t q = 0; q < 20; ++q) scores.row(2)[q] = none;  // the best, where it answers at all
  scores.row(0)[5] = none;
  const auto v = verdict(scores);
  BOOST_TEST((v.set_aside == std::vector<int>{2}));
  BOOST_TEST(v.winner == 1);
  BOOST_TEST(v.questions == 39);
  BOOST_TEST(v.filled == 0.0);
  BOOST_TEST(std::isnan(v.means[2]));
  BOOST_TEST(std::isnan(v.p[2]));
  BOOST_TEST(v.sentence.find("Set aside, with values for less than 80 % of the questions: \"c\".") !=
                 std::string::npos,
             v.sentence);
}

BOOST_AUTO_TEST_CASE(many_small_gaps_are_filled_without_favour) {
  // Ten equal trials, each without another tenth of the questions: no question is complete. Trial 0 leaves
  // out the hardest ones, which must not make it the winner.
  const int questions = 50;
  ScoreMatrix scores(10, questions);
  for (int t = 0; t < 10; ++t) {
    for (int q = 0; q < questions; ++q) {
      const double noise = 0.001 * ((t * 7 + q * 3) % 10);
      scores.row(t)[static_cast<std::size_t>(q)] = q / 5 == t ? none : 0.02 * q + noise;
    }
  }
  const auto v = verdict(scores);
  BOOST_TEST(v.set_aside.empty());
  BOOST_TEST(v.questions == questions);
  BOOST_TEST(v.filled == 0.1, boost::test_tools::tolerance(1e-12));
  for (const double mean : v.means) BOOST_TEST(mean == v.means[0], boost::test_tools::tolerance(0.01));
  BOOST_TEST(v.sentence.find("10.0 % of the values were missing") != std::string::npos, v.sentence);
}

BOOST_AUTO_TEST_CASE(little_to_compare) {
  const auto one = verdict(simulated({0.1}, 5));
  BOOST_TEST(one.winner == 0);
  BOOST_TEST(one.second == -1);
  BOOST_TEST(one.sentence.find("is the only trial compared") != std::string::npos, one.sentence);
  ScoreMatrix empty(2, 3);
  for (auto& value : empty.values) value = none;
  const auto nothing = verdict(empty);
  BOOST_TEST(nothing.winner == -1);
  BOOST_TEST(nothing.sentence.find("No trial has enough values of recall") == 0U, nothing.sentence);
  BOOST_TEST(verdict(ScoreMatrix(2, 0)).winner == -1);
  const auto single = verdict(simulated({0, 0.5}, 1));
  BOOST_TEST(single.ties.size() == 1U);  // one question proves nothing
}

BOOST_AUTO_TEST_CASE(clusters_make_a_verdict_more_careful) {
  const auto scores = simulated({0.1, 0.14}, 60);
  std::vector<std::int32_t> documents(60);
  for (int q = 0; q < 60; ++q) documents[static_cast<std::size_t>(q)] = q % 4;
  BOOST_TEST(verdict(scores).ties.empty());
  BOOST_TEST(verdict(scores, documents).ties.size() == 1U);  // four documents: no p below 1/8
}

BOOST_AUTO_TEST_CASE(few_questions_and_few_documents_are_said_to_be_few) {
  const auto said = [](int questions, int documents) {
    std::vector<std::int32_t> cluster(static_cast<std::size_t>(questions));
    for (int q = 0; q < questions; ++q) cluster[static_cast<std::size_t>(q)] = q % documents;
    return verdict(simulated({0.3, 0.0}, questions), cluster).sentence;
  };
  const auto has = [](const std::string& text, const char* words) {
    return text.find(words) != std::string::npos;
  };
  BOOST_TEST(has(said(120, 39), "about 39 documents only, which makes the intervals too narrow"));
  BOOST_TEST(has(said(99, 40), "With fewer than 100 questions the intervals may be wide of the mark"));
  for (const auto* words : {"documents only", "wide of the mark"})
    BOOST_TEST(!has(said(100, 40), words), words);
}

BOOST_AUTO_TEST_CASE(the_same_scores_give_the_same_verdict) {
  const auto scores = simulated({0.1, 0.12, 0.11}, 50);
  BOOST_TEST(verdict(scores).sentence == verdict(scores).sentence);
  BOOST_TEST((verdict(scores).p == verdict(scores).p));
}
