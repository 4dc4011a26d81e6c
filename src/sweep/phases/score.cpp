#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>

#include "comm/agree.hpp"
#include "parts/results.hpp"
#include "stages/score/canaries.hpp"
#include "stages/score/metrics.hpp"
#include "stages/score/retrieval.hpp"
#include "stages/score/text_metrics.hpp"
#include "sweep/aggregate.hpp"
#include "sweep/judging.hpp"
#include "sweep/language_models.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/phases/rows.hpp"
#include "sweep/rounds.hpp"
#include "sweep/text_vectors.hpp"
#include "sweep/usage.hpp"

namespace dream::sweep {
namespace {

/// Cosines of texts that were embedded before anybody asked.
class Cosines {
 public:
  Cosines(TextVectors& vectors, const std::vector<std::string>& texts) : vectors_(vectors.embed(texts)) {
    for (std::size_t i = 0; i < texts.size(); ++i) row_.try_emplace(texts[i], static_cast<std::int64_t>(i));
  }
  double operator()(std::string_view a, std::string_view b) const {
    const auto x = vectors_.row(row_.at(std::string(a)));
    const auto y = vectors_.row(row_.at(std::string(b)));
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    return sum;
  }

 private:
  Matrix vectors_;
  std::unordered_map<std::string, std::int64_t> row_;
};

std::vector<std::pair<std::string_view, std::string_view>> pairs_of(const Run& run, const Row& row) {
  if (run.models.llm_judge) return score::pairs(run.models.llm_judge->rules, row.input(), row.heard.said);
  return run.models.judge->pairs(row.input());
}

std::vector<score::Scores> scores_of(const Run& run, const Work& work, const score::Similarity& similarity) {
  std::vector<score::Scores> scores;
  if (run.models.llm_judge) {
    for (const auto& row : work.rows) {
      scores.push_back(score::scores(run.models.llm_judge->rules, row.input(), row.heard.said, similarity));
    }
    return scores;
  }
  std::vector<score::JudgeInput> inputs;
  for (const auto& row : work.rows) inputs.push_back(row.input());
  return run.models.judge->judge(inputs, similarity, run.pulse);
}

std::vector<std::string> compared_texts(const Run& run, const std::vector<Work>& round) {
  std::vector<std::string> texts;
  for (const auto& work : round) {
    for (const auto& row : work.rows) {
      for (const auto& [a, b] : pairs_of(run, row)) {
        texts.emplace_back(a);
        texts.emplace_back(b);
      }
    }
  }
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

/// Standard deviation of a metric over the samples of the judge; NaN when fewer than two have a value.
double spread_of(const std::string& metric, const std::vector<score::Scores>& samples) {
  std::vector<double> values;
  for (const auto& scores : samples) {
    if (const auto& score = scores.at(metric); score.has_value()) values.push_back(score.value);
  }
  if (values.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const auto value : values) sum += value;
  double squares = 0;
  for (const auto value : values) squares += (value - sum / n) * (value - sum / n);
  return std::sqrt(squares / (n - 1));
}

std::vector<parts::JudgeNoise> noise_of(const Run& run, const Row& row,
                                        const std::vector<std::string>& metrics,
                                        const score::Similarity& similarity) {
  if (row.heard.samples.empty()) return {};
  std::vector<score::Scores> samples;
  for (const auto& said : row.heard.samples) {
    samples.push_back(score::scores(run.models.llm_judge->rules, row.input(), said, similarity));
  }
  std::vector<parts::JudgeNoise> noise;
  for (const auto& metric : metrics) {
    const auto found = row.heard.noise.find(metric);
    if (found == row.heard.noise.end())
      noise.push_back({});
    else
      noise.push_back({found->second.votes, found->second.flips, spread_of(metric, samples)});
  }
  return noise;
}

parts::SliceResults judge(const Run& run, const Work& work, const Cosines& cosines) {
  const auto judged = scores_of(run, work, std::cref(cosines));
  parts::SliceResults slice;
  for (const auto& metric : score::metrics()) slice.metrics.push_back(metric.name);
  for (std::size_t i = 0; i < work.rows.size(); ++i) {
    run.pulse();
    const auto& row = work.rows[i];
    auto scores = score::retrieval_scores(row.places, *row.gold);
    scores.insert(judged[i].begin(), judged[i].end());
    scores.merge(score::text_scores(*row.question, row.answer, row.contexts));
    parts::Result& result = slice.results.emplace_back();
    result.answer = row.answer;
    result.flagged = std::ranges::any_of(
        row.contexts, [](const auto& context) { return score::canaries().found_in(context); });
    for (const auto& metric : slice.metrics) result.scores.push_back(scores.at(metric));
    result.remarks = row.heard.remarks;
    result.noise = noise_of(run, row, slice.metrics, std::cref(cosines));
  }
  return slice;
}

/// Tells the board of the metric that the sweep maximizes.
void tell_scores(const Run& run, int node, const parts::SliceResults& slice) {
  const auto at = std::ranges::find(slice.metrics, run.config.objective.maximize) - slice.metrics.begin();
  if (at == std::ssize(slice.metrics)) return;
  stats::FixedMoments moments;
  for (const auto& result : slice.results) {
    const auto& score = result.scores[static_cast<std::size_t>(at)];
    if (score.has_value()) moments.add(score.value);
  }
  run.progress.scored(node, moments);
}

/// Likewise of what the state folder holds already, each rank of a share. Collective.
void tell_sealed_scores(Run& run, const std::vector<Item>& pending) {
  std::set<std::pair<int, int>> open;
  for (const auto& item : pending) open.emplace(item.node, item.part);
  comm::agree(run.comm, [&] {
    int turn = 0;
    for (const auto node : run.plan.nodes_of(Stage::score)) {
      for (int part = 0; part < run.plan.parts_of(run.node(node)); ++part) {
        if (open.contains({node, part}) || run.workers.rank(turn++ % run.workers.count) != run.comm.rank())
          continue;
        run.pulse();
        tell_scores(run, node, parts::load_results(run.parts.open(run.key(node, part))));
      }
    }
  });
}

/// What a phase needs beside the run.
struct Judging {
  const golden::Gold& gold;
  TextVectors& vectors;
  LanguageModels& models;
  StageScope& scope;
  LiveScores& live;
};

/// Scores some parts of this rank; a part with rows that may turn out otherwise is written, but not sealed.
/// Returns the number of such rows. Collective.
std::int64_t score_round(Run& run, const Judging& judging, std::span<const Item> items) {
  const auto span = run.trace.span(Track::work, "round", std::ssize(items));
  std::vector<Work> round;
  comm::agree(run.comm, [&] {
    run.fault(Stage::score);
    for (const auto& item : items) {
      const auto loading = run.span(item);
      round.push_back(load_rows(run, judging.gold, item));
      answer_locally(run, round.back());
    }
  });
  answer_remotely(run, judging.models, round);
  judge_remotely(run, judging.models, round);
  const auto texts = compared_texts(run, round);
  const Cosines cosines(judging.vectors, texts);
  std::int64_t passing = 0;
  comm::agree(run.comm, [&] {
    for (const auto& work : round) {
      const auto scoring = run.span(work.item);
      const auto slice = judge(run, work, cosines);
      const auto fill = [&](state::H5Writer& file) { parts::save(file, slice); };
      if (work.passing() == 0)
        run.parts.write(work.item.key, fill);
      else
        run.parts.write_provisional(work.item.key, fill);
      passing += work.passing();
      judging.live.add(work.item, slice);
      tell_scores(run, work.item.node, slice);
      judging.scope.advance();
    }
  });
  judging.live.share();
  return passing;
}

}  // namespace

std::int64_t answer_and_score(Run& run, const golden::Gold& gold) {
  const auto items = pending(run, Stage::score);
  StageScope scope(run, Stage::score, items);
  if (items.empty()) return 0;
  tell_sealed_scores(run, items);
  TextVectors vectors(run, run.models.judge_embedder, embed::Role::query);
  LanguageModels models(run);
  LiveScores live(run, items);
  std::int64_t passing = 0;
  in_rounds(run.comm, mine(run, items), score_round_questions, [&](std::span<const Item> round) {
    passing += score_round(run, {gold, vectors, models, scope, live}, round);
  });
  return run.comm.all_reduce(passing, comm::Reduce::sum);
}

}  // namespace dream::sweep
