#include "sweep/aggregate.hpp"

#include <algorithm>
#include <cmath>

#include "comm/agree.hpp"
#include "parts/reranked.hpp"
#include "parts/results.hpp"
#include "stages/score/metrics.hpp"
#include "stats/fixed.hpp"

namespace dream::sweep {
namespace {

/// The integers of one score node: for each metric sum, sum of squares, count, missing, and of the judge's
/// noise votes, flips, sum of squared spreads, their count; then the node's own.
struct Layout {
  std::int64_t metrics;
  static constexpr std::int64_t per_metric = 8;
  static constexpr std::int64_t own = 4;  ///< input tokens, output tokens, failed answers, flagged

  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(metrics * per_metric + own); }
};

void add(std::span<std::int64_t> sum, const parts::JudgeNoise& noise) {
  sum[4] += noise.votes;
  sum[5] += noise.flips;
  if (std::isnan(noise.spread)) return;
  sum[6] += stats::to_fixed(noise.spread * noise.spread);
  ++sum[7];
}

void add(std::span<std::int64_t> sums, const parts::SliceResults& slice) {
  const auto own = slice.metrics.size() * Layout::per_metric;
  for (const auto& result : slice.results) {
    for (std::size_t m = 0; m < result.scores.size(); ++m) {
      auto* sum = sums.data() + m * Layout::per_metric;
      const auto& score = result.scores[m];
      if (!score.has_value()) {
        ++sum[3];
        continue;
      }
      sum[0] += stats::to_fixed(score.value);
      sum[1] += stats::to_fixed(score.value * score.value);
      ++sum[2];
    }
    for (std::size_t m = 0; m < result.noise.size(); ++m)
      add(sums.subspan(m * Layout::per_metric, Layout::per_metric), result.noise[m]);
    sums[own] += result.answer.input_tokens;
    sums[own + 1] += result.answer.output_tokens;
    sums[own + 2] += result.answer.reason.empty() ? 0 : 1;
    sums[own + 3] += result.flagged ? 1 : 0;
  }
}

MetricSummary summarise(std::span<const std::int64_t> sum) {
  MetricSummary summary;
  summary.count = sum[2];
  summary.missing = sum[3];
  if (summary.count == 0) return summary;
  const auto n = static_cast<double>(summary.count);
  summary.mean = stats::from_fixed(sum[0]) / n;
  if (summary.count > 1) {
    const double variance =
        std::max(0.0, stats::from_fixed(sum[1]) / n - summary.mean * summary.mean) * n / (n - 1);
    summary.standard_error = std::sqrt(variance / n);
  }
  return summary;
}

/// Of a metric over all score nodes; `sums` begins with that metric's integers of the first node.
NoiseSummary summarise_noise(std::span<const std::int64_t> sums, const Layout& layout) {
  NoiseSummary noise;
  std::int64_t squares = 0;
  std::int64_t rows = 0;
  for (std::size_t at = 0; at < sums.size(); at += layout.size()) {
    noise.votes += sums[at + 4];
    noise.flips += sums[at + 5];
    squares += sums[at + 6];
    rows += sums[at + 7];
  }
  if (rows > 0) noise.deviation = std::sqrt(stats::mean_from_fixed(squares, rows));
  return noise;
}

double price(const Run& run, const std::string& llm, const TrialSummary& summary) {
  const auto& params = run.config.model(llm).params;
  if (!params.has("price.input")) return 0;
  return (static_cast<double>(summary.input_tokens) * params.get<double>("price.input") +
          static_cast<double>(summary.output_tokens) * params.get<double>("price.output")) /
         1e6;
}

/// USD for a token sent to a model; 0 for one that computes here.
double token_price(const Run& run, const std::string& model) {
  const auto& params = run.config.model(model).params;
  return params.has("price.input") ? params.get<double>("price.input") / 1e6 : 0;
}

/// What one question costs to serve when it comes alone, on average over the golden ones. Texts share
/// requests when they are embedded here, so a question's tokens are taken from its length: four bytes a
/// token.
double question_price(const Run& run, const Trial& trial, std::int64_t rerank_tokens, double answers_usd) {
  if (run.questions.empty()) return 0;
  double tokens = 0;
  for (const auto& question : run.questions)
    tokens += std::ceil(static_cast<double>(question.question.size()) / 4);
  auto usd = answers_usd + tokens * token_price(run, trial.embedder);
  if (trial.rerank >= 0) usd += static_cast<double>(rerank_tokens) * token_price(run, trial.reranker);
  return usd / static_cast<double>(run.questions.size());
}

/// What each rerank node read for all questions. Collective.
std::map<int, std::int64_t> rerank_tokens(Run& run) {
  const auto nodes = run.plan.nodes_of(Stage::rerank);
  std::vector<std::int64_t> sums(nodes.size(), 0);
  comm::agree(run.comm, [&] {
    int turn = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      for (int part = 0; part < run.plan.parts_of(run.node(nodes[i])); ++part) {
        if (run.workers.rank(turn++ % run.workers.count) != run.comm.rank()) continue;
        run.pulse();
        for (const auto tokens : parts::load_reranked(run.parts.open(run.key(nodes[i], part))).tokens)
          sums[i] += tokens;
      }
    }
  });
  run.comm.all_reduce(sums, comm::Reduce::sum);
  std::map<int, std::int64_t> by_node;
  for (std::size_t i = 0; i < nodes.size(); ++i) by_node[nodes[i]] = sums[i];
  return by_node;
}

TrialSummary summary_of(const Run& run, const Trial& trial, std::span<const std::int64_t> own,
                        const Layout& layout, const std::map<int, std::int64_t>& reranked) {
  TrialSummary summary;
  for (std::int64_t m = 0; m < layout.metrics; ++m) {
    summary.metrics.push_back(
        summarise(own.subspan(static_cast<std::size_t>(m * Layout::per_metric), Layout::per_metric)));
  }
  const auto rest = own.subspan(static_cast<std::size_t>(layout.metrics * Layout::per_metric));
  summary.input_tokens = rest[0];
  summary.output_tokens = rest[1];
  summary.failed_answers = rest[2];
  summary.flagged = rest[3];
  summary.cost_usd = price(run, trial.llm, summary);
  summary.question_usd =
      question_price(run, trial, trial.rerank < 0 ? 0 : reranked.at(trial.rerank), summary.cost_usd);
  return summary;
}

/// Of the table of metrics: all that a part may hold.
Layout layout_of_all() { return {std::ssize(score::metrics())}; }

}  // namespace

LiveScores::LiveScores(Run& run, const std::vector<Item>& pending) : run_(run) {
  if (!run_.scored) return;
  reranked_ = rerank_tokens(run_);
  if (run_.comm.rank() != 0) return;
  for (const auto& item : pending) ++nodes_[item.node].left;
  std::erase_if(nodes_, [&](const auto& entry) {
    return entry.second.left != run_.plan.parts_of(run_.node(entry.first));
  });
  for (auto& [number, node] : nodes_) node.sums.assign(layout_of_all().size(), 0);
}

void LiveScores::add(const Item& item, const parts::SliceResults& slice) {
  if (!run_.scored) return;
  const auto width = layout_of_all().size();
  added_.push_back(item.node);
  added_.resize(added_.size() + width, 0);
  dream::sweep::add(std::span(added_).last(width), slice);
}

void LiveScores::share() {
  if (!run_.scored) return;
  const auto all = run_.comm.gather_v(std::span<const std::int64_t>(added_), 0);
  added_.clear();
  const auto width = layout_of_all().size();
  const auto values = std::span(all.values);
  for (std::size_t at = 0; at < values.size(); at += width + 1) {
    const auto found = nodes_.find(static_cast<int>(values[at]));
    if (found == nodes_.end()) continue;
    for (std::size_t i = 0; i < width; ++i) found->second.sums[i] += values[at + 1 + i];
    if (--found->second.left == 0) tell(found->first);
  }
}

void LiveScores::tell(int node) {
  for (const auto& trial : run_.plan.trials) {
    if (trial.score != node) continue;
    run_.scored(trial, summary_of(run_, trial, nodes_.at(node).sums, layout_of_all(), reranked_));
  }
}

void aggregate(Run& run, Outcome& outcome) {
  const auto& metrics = outcome.metrics;
  const Layout layout{std::ssize(metrics)};
  const auto nodes = run.plan.nodes_of(Stage::score);
  std::map<int, std::size_t> place;
  for (std::size_t i = 0; i < nodes.size(); ++i) place[nodes[i]] = i;
  std::vector<std::int64_t> sums(nodes.size() * layout.size(), 0);
  comm::agree(run.comm, [&] {
    int turn = 0;
    for (const auto& [node, at] : place) {
      for (int part = 0; part < run.plan.parts_of(run.node(node)); ++part) {
        if (run.workers.rank(turn++ % run.workers.count) != run.comm.rank()) continue;
        run.pulse();
        add(std::span(sums).subspan(at * layout.size(), layout.size()),
            parts::load_results(run.parts.open(run.key(node, part))));
      }
    }
  });
  run.comm.all_reduce(sums, comm::Reduce::sum);
  for (std::int64_t m = 0; m < layout.metrics; ++m) {
    const auto at = std::min(sums.size(), static_cast<std::size_t>(m * Layout::per_metric));
    outcome.judge_noise.push_back(summarise_noise(std::span<const std::int64_t>(sums).subspan(at), layout));
  }
  const auto reranked = rerank_tokens(run);
  for (const auto& trial : run.plan.trials) {
    const auto own =
        std::span<const std::int64_t>(sums).subspan(place.at(trial.score) * layout.size(), layout.size());
    outcome.trials.push_back(summary_of(run, trial, own, layout, reranked));
  }
}

}  // namespace dream::sweep
