#pragma once
#include <fmt/format.h>

#include <filesystem>
#include <functional>

#include "parts/results.hpp"
#include "parts/retrieved.hpp"
#include "report/outputs.hpp"
#include "sweep/verdict.hpp"

namespace dream::test {

inline const std::vector<std::string> metric_names{"answer_correctness", "faithfulness", "hit_rate"};

/// A sweep that never ran, with parts as if it had: trial t answers question q with `answer(t, q)`, and
/// scores better the later it stands in the plan.
struct PretendedAt {
  config::Config config;
  sweep::Finished finished;
  std::filesystem::path place;
  state::PartStore parts;
  double lead = 0;                                                ///< of every trial's objective
  std::function<std::vector<Remark>(int, std::int64_t)> remarks;  ///< of a judge, by trial and question

  /// Trials: methods x 2 x llms.
  PretendedAt(int methods, int questions, int top_k, const std::filesystem::path& where, int llms = 1)
      : place(where), parts(place / "state", "test", 0) {
    for (int i = 0; i < methods; ++i)
      config.space.methods.push_back({"overlap", {{"size", std::int64_t{64 + i}}}});
    config.space.embedders = {"small", "wide"};
    for (int i = 0; i < llms; ++i) {
      const auto name = i == 0 ? std::string("quote") : fmt::format("quote{}", i + 1);
      config.space.llms.push_back(name);
      config.models[name] = {name, "extractive", {}, {}};
    }
    config.space.top_k = {top_k};
    config.sweep.output = (place / "results").string();
    sweep::Identities identities;
    for (const auto& name : config.space.embedders) identities.embedders[name] = digest_of(name);
    for (const auto& name : config.space.llms) identities.llms[name] = digest_of(name);
    for (const auto& method : config.space.methods) {
      identities.methods.push_back(digest_of(method.canonical()));
      identities.auto_merge.push_back(false);
    }
    std::vector<Digest> keys;
    for (int q = 0; q < questions; ++q) {
      finished.questions.push_back(
          {fmt::format("q{}", q), fmt::format("question {}?", q), "so it is", {}, {}});
      keys.push_back(digest_of(finished.questions.back().question));
      finished.question_clusters.push_back(q);
    }
    finished.plan = make_plan(config, identities, {{0, sweep::content_of({document}), 100, 1}}, keys);
    auto& outcome = finished.outcome;
    outcome.metrics = metric_names;
    outcome.document_names[document] = "manual.txt";
    outcome.documents = 1;
    outcome.ranks.resize(2);
    outcome.hosts = {"one", "one"};
    parts.prepare();
  }

  /// Writes the parts of all trials. answer and context: texts by (trial, question) and (trial, question,
  /// rank).
  template <class AnswerOf, class ContextOf>
  void run(AnswerOf&& answer, ContextOf&& context) {
    auto& plan = finished.plan;
    for (const auto& trial : plan.trials) {
      sweep::TrialSummary summary;
      for (std::size_t i = 0; i < metric_names.size(); ++i)
        summary.metrics.push_back({0.001 * trial.number, 0.01, std::ssize(finished.questions), 0});
      finished.outcome.trials.push_back(summary);
      for (std::size_t s = 0; s < plan.slices.size(); ++s) {
        parts::SliceResults results{metric_names, {}};
        parts::SliceContexts contexts;
        for (auto q = plan.slices[s].begin; q < plan.slices[s].end; ++q) {
          const double score = (q % 7 == 0 ? 0.001 : 0.0005) * trial.number + lead;
          parts::Result result;
          result.answer.text = answer(trial.number, q);
          result.answer.input_tokens = 10;
          result.answer.output_tokens = 5;
          result.scores = {{score, ""}, {0, "no_statement"}, {1, ""}};
          if (remarks) result.remarks = remarks(trial.number, q);
          results.results.push_back(std::move(result));
          contexts.emplace_back();
          for (int k = 0; k < trial.k; ++k) {
            const auto ordinal = static_cast<std::int32_t>(q * trial.k + k);
            contexts.back().push_back(
                {{{document, ordinal}, 0.5F, Origin::hit}, context(trial.number, q, k), {}, 3, 4});
          }
        }
        const auto part = static_cast<int>(s);
        parts.write(key(trial.score, part), [&](auto& file) { parts::save(file, results); });
        if (trial.llm == config.space.llms.front())
          parts.write(key(trial.select, part), [&](auto& file) { parts::save(file, contexts); });
      }
    }
  }

  [[nodiscard]] Digest key(int node, int part) const {
    return finished.plan.part_key(finished.plan.nodes[static_cast<std::size_t>(node)], part);
  }
  [[nodiscard]] stats::Verdict verdict() const {
    auto alone = comm::self();
    return sweep::judge_trials(alone, config, finished, parts, no_pulse());
  }
  [[nodiscard]] report::Material material() const { return {config, finished, parts, "MPI", no_pulse()}; }

  Digest document = digest_of("a document");
};

}  // namespace dream::test
