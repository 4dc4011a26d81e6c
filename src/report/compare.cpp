#include "report/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

#include "report/markdown.hpp"
#include "stats/adjust.hpp"

namespace dream::report {
namespace {

/// Places of the questions that both asked.
struct Common {
  std::vector<std::size_t> a;
  std::vector<std::size_t> b;
  std::vector<std::int32_t> clusters;  ///< as a has them
};

Common common_questions(const Record& a, const Record& b, Comparison& out) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t q = 0; q < b.questions.ids.size(); ++q) places[b.questions.ids[q]] = q;
  Common common;
  for (std::size_t q = 0; q < a.questions.ids.size(); ++q) {
    const auto found = places.find(a.questions.ids[q]);
    if (found == places.end()) {
      ++out.only_a;
    } else if (a.questions.texts[q] != b.questions.texts[found->second]) {
      ++out.changed_questions;
    } else {
      common.a.push_back(q);
      common.b.push_back(found->second);
      common.clusters.push_back(a.questions.clusters[q]);
    }
  }
  out.common_questions = std::ssize(common.a);
  out.only_b = std::ssize(b.questions.ids) - out.common_questions - out.changed_questions;
  return common;
}

std::vector<double> taken(std::span<const double> row, const std::vector<std::size_t>& places) {
  std::vector<double> values;
  for (const auto at : places) values.push_back(row[at]);
  return values;
}

/// Over the questions for which both have a value.
double mean_where_both(std::span<const double> values, std::span<const double> other) {
  double sum = 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i]) && !std::isnan(other[i])) sum += values[i], ++count;
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

/// The scores of two sweeps, reduced to what both asked.
class Pairs {
 public:
  Pairs(const Record& a, const Record& b, std::string_view metric, const Common& common)
      : a_(a.scores(metric)), b_(b.scores(metric)), common_(common), options_(a.options()) {}

  [[nodiscard]] ComparedTrials pair(std::size_t t, std::size_t u) const {
    const auto left = taken(a_.row(static_cast<int>(t)), common_.a);
    const auto right = taken(b_.row(static_cast<int>(u)), common_.b);
    const auto difference = stats::compare(right, left, common_.clusters, options_);
    return {t, u, difference, mean_where_both(left, right), mean_where_both(right, left), difference.p};
  }

 private:
  stats::ScoreMatrix a_;
  stats::ScoreMatrix b_;
  const Common& common_;
  stats::Options options_;
};

/// The best trial by a sweep's own verdict; for another metric than its objective, by the mean.
std::optional<std::size_t> best_of(const Record& record, std::string_view metric, const Pulse& pulse) {
  if (metric == record.objective) {
    const auto winner = judge_trials(record, pulse).winner;
    return winner < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(winner));
  }
  const auto column = std::ranges::find(record.metrics, metric) - record.metrics.begin();
  std::optional<std::size_t> best;
  double highest = 0;
  for (std::size_t t = 0; t < record.trials.size(); ++t) {
    const auto row = static_cast<std::int64_t>(t);
    const auto mean = record.means.row(row)[static_cast<std::size_t>(column)];
    if (record.counts.row(row)[static_cast<std::size_t>(column)] == 0 || (best && mean <= highest)) continue;
    best = t;
    highest = mean;
  }
  return best;
}

std::vector<Comparison::Setting> different_settings(const Record& a, const Record& b) {
  const std::set<std::string> names{"sweep.name", "sweep.state", "sweep.output"};
  std::map<std::string, std::string> others(b.config.begin(), b.config.end());
  std::vector<Comparison::Setting> list;
  for (const auto& [key, value] : a.config) {
    const auto found = others.find(key);
    const auto other = found == others.end() ? "" : found->second;
    if (other != value && !names.contains(key)) list.push_back({key, value, other});
    if (found != others.end()) others.erase(found);
  }
  for (const auto& [key, value] : others) list.push_back({key, "", value});
  return list;
}

std::string interval_text(const stats::Interval& interval) {
  return fmt::format("{:+.3f} to {:+.3f}", interval.low, interval.high);
}

std::string p_text(double p) { return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p); }

std::string sentence(const Comparison& c, const Record& a, const Record& b) {
  if (!c.best)
    return "There is nothing to compare: no question has values of both sweeps, or one of them has no trial that "
           "could win.";
  const auto& best = *c.best;
  const auto& d = best.difference;
  const bool apart = d.p <= 1 - a.options().confidence;
  return fmt::format(
      "{}: the best of B, \"{}\", has {} {:.3f}, and the best of A, \"{}\", {:.3f}: a difference of {:+.3f} "
      "(95 % interval {}; {}) over {} common questions.",
      !apart       ? "No difference can be told"
      : d.mean > 0 ? "B is better"
                   : "A is better",
      b.trials[best.b].title, c.metric, best.mean_b, a.trials[best.a].title, best.mean_a, d.mean,
      interval_text(d.interval), p_text(d.p), d.questions);
}

std::string cautions(const Comparison& c, const Record& a, const Record& b) {
  std::string text;
  if (c.changed_questions > 0)
    text += fmt::format(
        "- {} questions have the same id and another text in the two sweeps; they are left out.\n",
        c.changed_questions);
  if (c.only_a + c.only_b > 0)
    text += fmt::format("- {} questions stand in A alone and {} in B alone.\n", c.only_a, c.only_b);
  const bool judged = std::ranges::any_of(c.settings, [&](const auto& setting) {
    return setting.key.starts_with("judge.") || setting.key.starts_with("models." + a.judge + ".") ||
           setting.key.starts_with("models." + b.judge + ".");
  });
  if (judged) text += "- The judges differ, so a difference may be theirs and not the trials'.\n";
  if (c.best && a.trials.size() + b.trials.size() > 2)
    text +=
        "- Each best trial was chosen by these scores, which flatters the sweep that had more trials to "
        "choose from.\n";
  if (c.best && c.best->difference.clusters < 40)
    text += fmt::format("- The questions are about {} documents only, which makes intervals too narrow.\n",
                        c.best->difference.clusters);
  return text;
}

}  // namespace

Comparison compare(const Record& a, const Record& b, std::string_view metric, const Pulse& pulse) {
  Comparison out;
  out.metric = metric;
  out.settings = different_settings(a, b);
  const auto common = common_questions(a, b, out);
  const Pairs pairs(a, b, metric, common);
  const auto best_a = best_of(a, metric, pulse);
  const auto best_b = best_of(b, metric, pulse);
  if (best_a && best_b) {
    const auto best = pairs.pair(*best_a, *best_b);
    if (best.difference.questions > 0) out.best = best;
  }
  std::vector<double> p;
  for (std::size_t t = 0; t < a.trials.size(); ++t) {
    for (std::size_t u = 0; u < b.trials.size(); ++u) {
      if (!a.trials[t].same_choices(b.trials[u])) continue;
      pulse();
      out.trials.push_back(pairs.pair(t, u));
      p.push_back(out.trials.back().p);
    }
  }
  const auto adjusted = stats::holm(p);
  for (std::size_t i = 0; i < adjusted.size(); ++i) out.trials[i].p = adjusted[i];
  return out;
}

std::string describe(const Comparison& c, const Record& a, const Record& b) {
  std::string text = fmt::format("A: {} ({})\n\nB: {} ({})\n\n{}\n", a.sweep, a.folder.string(), b.sweep,
                                 b.folder.string(), sentence(c, a, b));
  if (const auto notes = cautions(c, a, b); !notes.empty()) text += "\n" + notes;
  if (c.trials.empty()) {
    text += "\nNo trial has the same choices in both.\n";
  } else {
    MarkdownTable table(
        {"trial of A", "of B", "choices", c.metric + " A", "B", "B - A", "95 % interval", "p (Holm)"});
    for (const auto& one : c.trials) {
      const auto& trial = a.trials[one.a];
      table.row({std::to_string(trial.number), std::to_string(b.trials[one.b].number), choices_of(trial),
                 fmt::format("{:.3f}", one.mean_a), fmt::format("{:.3f}", one.mean_b),
                 fmt::format("{:+.3f}", one.difference.mean), interval_text(one.difference.interval),
                 fmt::format("{:.3f}", one.p)});
    }
    text += "\n" + table.text();
  }
  if (c.settings.empty()) return text + "\nAll settings are equal but for names and folders.\n";
  MarkdownTable table({"setting", "A", "B"});
  for (const auto& setting : c.settings) table.row({setting.key, setting.a, setting.b});
  return text + "\n" + table.text();
}

}  // namespace dream::report
