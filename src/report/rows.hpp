#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "parts/results.hpp"
#include "parts/retrieved.hpp"
#include "report/outputs.hpp"
#include "stats/paired.hpp"

/// What the tables and the page read alike: the rows of a trial, out of its parts.
namespace dream::report {

/// "m2-0a1b2c3d4e5f-17": chunk ids are unique within a method; the document's first hash digits and the
/// ordinal name the chunk. method: its index in the config.
[[nodiscard]] std::string chunk_name(int method, const ChunkId& id);

/// Of all contexts of a question, best first, with spaces between.
[[nodiscard]] std::string chunk_names(int method, const std::vector<parts::Context>& contexts);

/// What the verdict says of a trial, given by its place: "best", "tie", "set aside" or "".
[[nodiscard]] std::string mark_of(const stats::Verdict& verdict, std::size_t trial);

/// Trials by falling mean of the objective, as the verdict ranks them; those it set aside come last. Plan
/// order when nothing could be compared.
[[nodiscard]] std::vector<std::size_t> best_first(const stats::Verdict& verdict, std::size_t trials);

/// The mean of a trial's scores with its interval, as every table shows it. at: its place among the best
/// first; beyond the first 20 fewer resamples do, since there may be thousands.
[[nodiscard]] stats::PairedComparison estimate(std::span<const double> scores,
                                               std::span<const std::int32_t> clusters, std::uint64_t seed,
                                               std::size_t at);

[[nodiscard]] inline const sweep::Node& node(const Material& m, int number) {
  return m.finished.plan.nodes[static_cast<std::size_t>(number)];
}

/// Visits every result of a trial in golden order, a slice of questions in memory at a time.
template <class Visit>
void for_results(const Material& m, const sweep::Trial& trial, Visit&& visit) {
  const auto& score = node(m, trial.score);
  for (int part = 0; part < m.finished.plan.parts_of(score); ++part) {
    m.pulse();
    for (const auto& result :
         parts::load_results(m.parts.open(m.finished.plan.part_key(score, part))).results)
      visit(result);
  }
}

/// The same with the question and its contexts.
template <class Visit>
void for_questions(const Material& m, const sweep::Trial& trial, Visit&& visit) {
  const auto& plan = m.finished.plan;
  std::vector<std::vector<parts::Context>> contexts;
  std::size_t slice = 0;
  std::size_t at = 0;
  std::size_t q = 0;
  for_results(m, trial, [&](const parts::Result& result) {
    if (at == contexts.size()) {
      contexts =
          parts::load_contexts(m.parts.open(plan.part_key(node(m, trial.select), static_cast<int>(slice++))));
      at = 0;
    }
    visit(m.finished.questions[q++], contexts[at++], result);
  });
}

}  // namespace dream::report
