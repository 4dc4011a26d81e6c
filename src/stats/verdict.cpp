#include "stats/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/errors.hpp"
#include "stats/fixed.hpp"

namespace dream::stats {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// Below this share of questions with a value of every trial, gaps are filled instead of leaving the
/// questions out: with 200 trials and 2 % of timeouts hardly any question would be left.
constexpr double enough_complete = 0.9;

/// The trials and questions that can be compared, without gaps.
struct Complete {
  std::vector<int> trials;
  std::vector<int> questions;
  ScoreMatrix scores;
  std::vector<std::int32_t> cluster;
  double filled = 0;  ///< share of the scores that are estimates
};

bool is_missing(const ScoreMatrix& scores, int trial, int question) {
  return std::isnan(scores.row(trial)[static_cast<std::size_t>(question)]);
}

/// Fills gaps with what question and trial let expect: the question's mean over the trials that have it, plus
/// the trial's mean lead over such means. A trial that missed only hard questions gains nothing by it.
void fill_gaps(Complete& part) {
  auto& scores = part.scores;
  std::vector<double> expected(static_cast<std::size_t>(scores.questions));
  for (std::size_t q = 0; q < expected.size(); ++q) {
    double sum = 0;
    int count = 0;
    for (int t = 0; t < scores.trials; ++t) {
      const double value = scores.row(t)[q];
      if (!std::isnan(value)) sum += value, ++count;
    }
    expected[q] = sum / count;
  }
  std::int64_t filled = 0;
  for (int t = 0; t < scores.trials; ++t) {
    const auto row = scores.row(t);
    double lead = 0;
    int count = 0;
    for (std::size_t q = 0; q < expected.size(); ++q) {
      if (!std::isnan(row[q])) lead += row[q] - expected[q], ++count;
    }
    filled += scores.questions - count;
    for (std::size_t q = 0; q < expected.size(); ++q) {
      if (std::isnan(row[q])) row[q] = expected[q] + lead / count;
    }
  }
  part.filled = static_cast<double>(filled) / static_cast<double>(scores.values.size());
}

Complete complete_part(const VerdictInput& input, std::vector<int>& set_aside) {
  const auto& scores = *input.scores;
  Complete out;
  for (int t = 0; t < scores.trials; ++t) {
    const auto row = scores.row(t);
    const auto values = std::count_if(row.begin(), row.end(), [](double v) { return !std::isnan(v); });
    const bool enough = values > 0 && static_cast<double>(values) >= input.min_coverage * scores.questions;
    (enough ? out.trials : set_aside).push_back(t);
  }
  std::vector<int> answered;  // by any trial
  for (int q = 0; q < scores.questions; ++q) {
    const auto gaps =
        std::count_if(out.trials.begin(), out.trials.end(), [&](int t) { return is_missing(scores, t, q); });
    if (gaps == 0) out.questions.push_back(q);
    if (gaps < static_cast<std::int64_t>(out.trials.size())) answered.push_back(q);
  }
  const bool complete =
      static_cast<double>(out.questions.size()) >= enough_complete * static_cast<double>(answered.size());
  if (!complete) out.questions = answered;
  out.scores = ScoreMatrix(static_cast<int>(out.trials.size()), static_cast<int>(out.questions.size()));
  for (std::size_t t = 0; t < out.trials.size(); ++t) {
    const auto from = scores.row(out.trials[t]);
    const auto to = out.scores.row(static_cast<int>(t));
    for (std::size_t q = 0; q < out.questions.size(); ++q)
      to[q] = from[static_cast<std::size_t>(out.questions[q])];
  }
  if (!input.cluster.empty()) {
    for (const int q : out.questions) out.cluster.push_back(input.cluster[static_cast<std::size_t>(q)]);
  }
  if (!complete) fill_gaps(out);
  return out;
}

double mean_of(std::span<const double> values) {
  std::int64_t sum = 0;
  for (const double value : values) sum += to_fixed(value);
  return mean_from_fixed(sum, static_cast<std::int64_t>(values.size()));
}

std::string p_text(double p) { return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p); }

/// "a, b and c", or "a, b and 7 others".
std::string listed(const std::vector<int>& trials, std::span<const std::string> names) {
  constexpr std::size_t most = 3;
  std::string text;
  const auto shown = trials.size() > most ? most - 1 : trials.size();
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == trials.size();
    text += (i == 0 ? ""
             : last ? " and "
                    : ", ") +
            ("\"" + names[static_cast<std::size_t>(trials[i])] + "\"");
  }
  if (shown < trials.size()) text += fmt::format(" and {} others", trials.size() - shown);
  return text;
}

/// What few questions or clusters mean for the reader. From 100 questions in 40 clusters up the intervals are
/// known to cover what they say, below 40 clusters they cover less (docs/statistics.md); and n clusters have
/// 2^n sign patterns, so that p cannot fall below 2^(1-n) however large a difference is.
std::string caution(std::int64_t questions, std::int64_t clusters, const Options& options) {
  constexpr std::int64_t enough = 40;
  constexpr std::int64_t enough_questions = 100;
  if (clusters >= enough)
    return questions >= enough_questions
               ? ""
               : " With fewer than 100 questions the intervals may be wide of the mark.";
  auto text = fmt::format(
      " The questions are about {} documents only, which makes the intervals too narrow to lean on",
      clusters);
  if (std::ldexp(1.0, static_cast<int>(1 - clusters)) > 1 - options.confidence) {
    text += ", and no difference could pass the test: ask about more documents";
  }
  return text + ".";
}

std::string sentence_of(const Verdict& v, const VerdictInput& input, const Options& options) {
  const auto name = [&](int t) { return "\"" + input.names[static_cast<std::size_t>(t)] + "\""; };
  std::string text;
  if (v.winner < 0) {
    text = fmt::format("No trial has enough values of {} to be compared.", input.metric);
  } else if (v.second < 0) {
    text = fmt::format("{} is the only trial compared: {} {:.3f} over {} questions.", name(v.winner),
                       input.metric, v.means[static_cast<std::size_t>(v.winner)], v.questions);
  } else {
    const auto compared =
        std::count_if(v.means.begin(), v.means.end(), [](double m) { return !std::isnan(m); });
    const auto numbers = fmt::format("{:.3f} ({:.0f} % interval {:.3f} to {:.3f}; {}{})", v.difference,
                                     100 * options.confidence, v.interval.low, v.interval.high,
                                     p_text(v.p[static_cast<std::size_t>(v.second)]),
                                     compared > 2 ? fmt::format(" for {} trials together", compared) : "");
    const auto lead = fmt::format("{} {:.3f} over {} questions", input.metric,
                                  v.means[static_cast<std::size_t>(v.winner)], v.questions);
    if (v.ties.empty()) {
      text = fmt::format("{} is best: {}, above {} by {}.", name(v.winner), lead, name(v.second), numbers);
    } else {
      text = fmt::format("A tie: {} is highest ({}), but {} cannot be told from it. It is above {} by {}; ",
                         name(v.winner), lead, listed(v.ties, input.names), name(v.second), numbers);
      text += v.more_questions < 0
                  ? "no reasonable number of questions would separate these two."
                  : fmt::format("about {} more questions would separate these two.", v.more_questions);
    }
  }
  if (v.second >= 0 && !input.cluster.empty()) text += caution(v.questions, v.clusters, options);
  if (v.filled > 0) {
    text +=
        fmt::format(" {:.1f} % of the values were missing and are estimates from their question and trial.",
                    100 * v.filled);
  }
  if (!v.set_aside.empty()) {
    text += fmt::format(" Set aside, with values for less than {:.0f} % of the questions: {}.",
                        100 * input.min_coverage, listed(v.set_aside, input.names));
  }
  return text;
}

/// The parts of the verdict that need at least two trials.
void compare_trials(Verdict& v, const Complete& part, const Options& options,
                    std::span<const std::int64_t> counts) {
  const auto steps = step_down(part.scores, part.cluster, options, counts);
  std::vector<int> others;
  for (std::size_t t = 0; t < part.trials.size(); ++t) {
    v.p[static_cast<std::size_t>(part.trials[t])] = steps.p[t];
    if (static_cast<int>(t) != steps.best) others.push_back(static_cast<int>(t));
  }
  v.winner = part.trials[static_cast<std::size_t>(steps.best)];
  if (others.empty()) return;
  const auto mean = [&](int t) {
    return v.means[static_cast<std::size_t>(part.trials[static_cast<std::size_t>(t)])];
  };
  std::stable_sort(others.begin(), others.end(), [&](int a, int b) { return mean(a) > mean(b); });
  int second = -1;
  const double alpha = 1 - options.confidence;
  for (const int t : others) {
    if (steps.p[static_cast<std::size_t>(t)] <= alpha) continue;
    if (second < 0) second = t;
    v.ties.push_back(part.trials[static_cast<std::size_t>(t)]);
  }
  if (second < 0) second = others[0];
  const auto pair = compare(part.scores.row(steps.best), part.scores.row(second), part.cluster, options);
  v.second = part.trials[static_cast<std::size_t>(second)];
  v.difference = pair.mean;
  v.interval = pair.interval;
  if (!v.ties.empty()) {
    v.more_questions = more_questions(pair.mean, pair.standard_error, pair.questions,
                                      alpha / static_cast<double>(others.size()));
  }
}

}  // namespace

std::vector<std::int64_t> count_resamples(const VerdictInput& input, const Options& options,
                                          const Pulse& pulse, const Share& share) {
  std::vector<int> set_aside;
  const auto part = complete_part(input, set_aside);
  if (part.trials.empty() || part.questions.empty()) return {};
  return count_resamples(part.scores, part.cluster, options, pulse, share);
}

Verdict judge_trials(const VerdictInput& input, const Options& options, const Pulse& pulse) {
  return judge_trials(input, options, count_resamples(input, options, pulse));
}

Verdict judge_trials(const VerdictInput& input, const Options& options,
                     std::span<const std::int64_t> counts) {
  DREAM_CHECK(input.scores != nullptr && input.names.size() == static_cast<std::size_t>(input.scores->trials),
              "each trial has a name");
  Verdict v;
  const auto part = complete_part(input, v.set_aside);
  v.means.assign(input.names.size(), nothing);
  v.p.assign(input.names.size(), nothing);
  if (!part.trials.empty() && !part.questions.empty()) {
    v.questions = static_cast<std::int64_t>(part.questions.size());
    v.clusters = part.cluster.empty()
                     ? v.questions
                     : std::ssize(std::set<std::int32_t>(part.cluster.begin(), part.cluster.end()));
    v.filled = part.filled;
    for (std::size_t t = 0; t < part.trials.size(); ++t) {
      v.means[static_cast<std::size_t>(part.trials[t])] = mean_of(part.scores.row(static_cast<int>(t)));
    }
    compare_trials(v, part, options, counts);
  }
  v.sentence = sentence_of(v, input, options);
  return v;
}

}  // namespace dream::stats
