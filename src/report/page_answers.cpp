#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "report/page_pieces.hpp"
#include "report/remarks.hpp"

namespace dream::report {

using json = nlohmann::ordered_json;
namespace {

/// How far apart the finalists' scores of a question are, as a variance. A missing score counts as 0, since
/// an answer that one trial does not give separates it from those that do.
double spread(const Survey& found, std::span<const std::size_t> finalists, std::size_t question) {
  double sum = 0;
  double squares = 0;
  for (const auto trial : finalists) {
    const double own = found.objective.at(trial)[question];
    const double score = std::isnan(own) ? 0 : own;
    sum += score;
    squares += score * score;
  }
  const auto n = static_cast<double>(finalists.size());
  return squares / n - sum / n * (sum / n);
}

/// The questions that separate the finalists most, and how much.
std::vector<std::pair<std::size_t, double>> telling(const Material& m, const Survey& found,
                                                    std::span<const std::size_t> finalists,
                                                    std::size_t most) {
  std::vector<std::pair<std::size_t, double>> list;
  if (finalists.empty()) return list;
  for (std::size_t q = 0; q < m.finished.questions.size(); ++q)
    list.emplace_back(q, spread(found, finalists, q));
  std::ranges::stable_sort(list, std::greater<>(), &std::pair<std::size_t, double>::second);
  list.resize(std::min(list.size(), most));
  return list;
}

/// What a finalist made of a question.
struct Cell {
  std::vector<parts::Context> contexts;
  parts::Result result;
};

std::vector<Cell> cells_of(const Material& m, const sweep::Trial& trial,
                           const std::map<std::size_t, std::size_t>& place) {
  std::vector<Cell> cells(place.size());
  std::size_t q = 0;
  for_questions(m, trial, [&](const GoldenQuestion&, const auto& contexts, const parts::Result& result) {
    if (const auto found = place.find(q++); found != place.end()) cells[found->second] = {contexts, result};
  });
  return cells;
}

json cell_row(Shelf& shelf, const sweep::Trial& trial, const Cell& cell) {
  json scores = json::array(), reasons = json::array(), contexts = json::array();
  for (const auto& score : cell.result.scores) {
    scores.push_back(score.has_value() ? json(shown(score.value)) : json(nullptr));
    reasons.push_back(score.reason);
  }
  for (const auto& context : cell.contexts) {
    contexts.push_back({shelf.passage(trial.method, context), shown(context.retrieved.score),
                        static_cast<int>(context.retrieved.origin)});
  }
  json remarks = json::array();
  for (const auto& remark : cell.result.remarks) {
    remarks.push_back({remark.metric, shelf.text(remark.statement), in_words(remark), is_good(remark),
                       remark.reason.empty() ? json("") : shelf.text(remark.reason)});
  }
  return {{"answer", shelf.text(cell.result.answer.text)},
          {"reason", cell.result.answer.reason},
          {"flagged", cell.result.flagged},
          {"scores", scores},
          {"reasons", reasons},
          {"remarks", remarks},
          {"contexts", contexts}};
}

}  // namespace

Survey survey(const Material& m, std::span<const std::size_t> listed) {
  const auto& outcome = m.finished.outcome;
  const auto& names = outcome.metrics;
  const auto objective =
      static_cast<std::size_t>(std::ranges::find(names, m.config.objective.maximize) - names.begin());
  const std::set<std::size_t> shown(listed.begin(), listed.end());
  Survey found;
  for (std::size_t t = 0; t < m.finished.plan.trials.size(); ++t) {
    auto* scores = shown.contains(t) ? &found.objective[t] : nullptr;
    for_results(m, m.finished.plan.trials[t], [&](const parts::Result& result) {
      if (!result.answer.reason.empty()) ++found.reasons[{"answer", result.answer.reason}];
      for (std::size_t i = 0; i < result.scores.size(); ++i) {
        if (!result.scores[i].has_value()) ++found.reasons[{names[i], result.scores[i].reason}];
      }
      if (scores == nullptr) return;
      const bool has = objective < result.scores.size() && result.scores[objective].has_value();
      scores->push_back(has ? result.scores[objective].value : std::numeric_limits<double>::quiet_NaN());
    });
  }
  for (const auto& document : outcome.failed_documents) ++found.reasons[{"document", document.reason}];
  return found;
}

/// Texts are shelved question by question, the most telling first, so that a spent budget takes the least.
json questions_of(const Material& m, std::span<const std::size_t> finalists, const Survey& found,
                  const PageLimits& limits, Shelf& shelf) {
  const auto chosen = telling(m, found, finalists, limits.questions);
  std::map<std::size_t, std::size_t> place;
  for (std::size_t i = 0; i < chosen.size(); ++i) place[chosen[i].first] = i;
  std::vector<std::vector<Cell>> cells;
  for (const auto t : finalists) cells.push_back(cells_of(m, m.finished.plan.trials[t], place));
  json rows = json::array();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto& question = m.finished.questions[chosen[i].first];
    json answers = json::array();
    json row = {{"id", question.id},
                {"question", shelf.text(question.question)},
                {"reference", shelf.text(question.reference)},
                {"spread", shown(std::sqrt(std::max(0.0, chosen[i].second)))}};
    for (std::size_t f = 0; f < finalists.size(); ++f)
      answers.push_back(cell_row(shelf, m.finished.plan.trials[finalists[f]], cells[f][i]));
    row["answers"] = std::move(answers);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace dream::report
