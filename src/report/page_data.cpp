#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <span>
#include <unordered_map>

#include "dream_version.hpp"
#include "report/html.hpp"
#include "report/noise.hpp"
#include "report/rows.hpp"

namespace dream::report {
namespace {

using json = nlohmann::ordered_json;

/// Six digits behind the point: as many as a picture or a table can use. NaN becomes null.
double shown(double value) { return std::round(value * 1e6) / 1e6; }

/// At most `most` bytes of a text, cut between characters.
std::string cut(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  auto end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + " […]";
}

/// Texts, each stored once, until the budget is spent: the page then names the table that has the rest.
class Texts {
 public:
  explicit Texts(const PageLimits& limits) : left_(limits.texts), longest_(limits.text) {}

  /// The text's number, or null.
  json add(const std::string& text) {
    const auto [found, fresh] = numbers_.try_emplace(text, list_.size());
    if (!fresh) return found->second;
    auto part = cut(text, longest_);
    // A byte of text takes at most six in the page.
    const auto special = std::ranges::count_if(part, [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&' || c == '"' ||
             c == '\\';
    });
    const auto bytes = part.size() + 5 * static_cast<std::size_t>(special) + 3;
    if (bytes > left_) {
      numbers_.erase(found);
      return nullptr;
    }
    left_ -= bytes;
    list_.push_back(std::move(part));
    return found->second;
  }

  [[nodiscard]] json take() { return std::move(list_); }

 private:
  std::size_t left_;
  std::size_t longest_;
  std::unordered_map<std::string, std::size_t> numbers_;
  json list_ = json::array();
};

// ---- trials
// ---------------------------------------------------------------------------------------------------------

/// Names of all parameters that some method has.
std::vector<std::string> method_parameters(const Material& m) {
  std::set<std::string> names;
  for (const auto& method : m.config.space.methods) {
    for (const auto& [name, value] : method.params.all()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

json to_json(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return to_text(value);
}

json parameters_of(const Material& m, const sweep::Trial& trial, const std::vector<std::string>& names) {
  const auto& method = m.config.space.methods[static_cast<std::size_t>(trial.method)];
  json values = json::array({method.name});
  for (const auto& name : names) {
    const auto found = method.params.all().find(name);
    values.push_back(found == method.params.all().end() ? json(nullptr) : to_json(found->second));
  }
  values.insert(values.end(), {trial.embedder, trial.reranker, trial.k, trial.llm});
  return values;
}

const char* mark_of(const stats::Verdict& verdict, int trial) {
  const auto has = [&](const std::vector<int>& list) { return std::ranges::count(list, trial) > 0; };
  if (trial == verdict.winner) return "best";
  if (has(verdict.ties)) return "tie";
  return has(verdict.set_aside) ? "set aside" : "";
}

json trial_row(const Material& m, const stats::Verdict& verdict, std::size_t at,
               const std::vector<std::string>& names) {
  const auto& trial = m.finished.plan.trials[at];
  const auto& summary = m.finished.outcome.trials[at];
  json means = json::array(), errors = json::array(), counts = json::array();
  for (const auto& metric : summary.metrics) {
    means.push_back(metric.count > 0 ? json(shown(metric.mean)) : json(nullptr));
    errors.push_back(metric.count > 0 ? json(shown(metric.standard_error)) : json(nullptr));
    counts.push_back(metric.count);
  }
  return {{"number", trial.number},
          {"parameters", parameters_of(m, trial, names)},
          {"mean", means},
          {"error", errors},
          {"count", counts},
          {"input_tokens", summary.input_tokens},
          {"output_tokens", summary.output_tokens},
          {"cost", summary.cost_usd},
          {"failed_answers", summary.failed_answers},
          {"flagged", summary.flagged},
          {"p", at < verdict.p.size() ? json(shown(verdict.p[at])) : json(nullptr)},
          {"mark", mark_of(verdict, static_cast<int>(at))}};
}

// ---- stages
// ---------------------------------------------------------------------------------------------------------

/// The node of a stage that a trial goes through. Reading and gold are everybody's.
int node_of(const sweep::Trial& trial, sweep::Stage stage, int everybody) {
  switch (stage) {
    case sweep::Stage::chunk:
      return trial.chunk;
    case sweep::Stage::embed:
      return trial.embed;
    case sweep::Stage::query:
      return trial.query;
    case sweep::Stage::index:
      return trial.index;
    case sweep::Stage::search:
      return trial.search;
    case sweep::Stage::rerank:
      return trial.rerank;
    case sweep::Stage::select:
      return trial.select;
    case sweep::Stage::score:
      return trial.score;
    default:
      return everybody;
  }
}

/// The stages that this sweep has, in their order.
std::vector<sweep::Stage> stages_of(const sweep::Plan& plan) {
  std::vector<sweep::Stage> stages;
  for (int s = 0; s < sweep::stage_count; ++s) {
    if (!plan.nodes_of(static_cast<sweep::Stage>(s)).empty()) stages.push_back(static_cast<sweep::Stage>(s));
  }
  return stages;
}

json stage_rows(const Material& m, const PageLimits& limits) {
  const auto& plan = m.finished.plan;
  json rows = json::array();
  for (const auto stage : stages_of(plan)) {
    const auto nodes = plan.nodes_of(stage);
    std::map<int, std::int64_t> users;
    for (const auto& trial : plan.trials) ++users[node_of(trial, stage, nodes.empty() ? -1 : nodes.front())];
    std::int64_t parts = 0;
    json list = json::array();
    for (const int number : nodes) {
      const auto& one = node(m, number);
      parts += plan.parts_of(one);
      if (list.size() < limits.nodes) list.push_back({one.label, plan.parts_of(one), users[number]});
    }
    rows.push_back({{"name", name_of(stage)}, {"nodes", nodes.size()}, {"parts", parts}, {"list", list}});
  }
  return rows;
}

json measured(const Material& m) {
  const auto& ranks = m.finished.outcome.ranks;
  json stages = json::array();
  for (const auto stage : stages_of(m.finished.plan)) {
    const auto s = static_cast<std::size_t>(stage);
    double sum = 0;
    double slowest = 0;
    std::int64_t made = 0;
    for (const auto& rank : ranks) {
      sum += rank.seconds[s];
      slowest = std::max(slowest, rank.seconds[s]);
      made += rank.parts[s];
    }
    stages.push_back({{"seconds", shown(sum)}, {"slowest", shown(slowest)}, {"made", made}});
  }
  std::int64_t calls = 0;
  std::int64_t from_state = 0;
  for (const auto& rank : ranks) calls += rank.calls, from_state += rank.calls_from_state;
  const std::set<std::string> hosts(m.finished.outcome.hosts.begin(), m.finished.outcome.hosts.end());
  return {{"ranks", ranks.size()},
          {"hosts", hosts.size()},
          {"stages", stages},
          {"calls", calls},
          {"calls_from_state", from_state}};
}

// ---- single questions
// -----------------------------------------------------------------------------------------------

/// What one look at every result finds: how often each reason came up, and the finalists' objective.
struct Survey {
  std::map<std::pair<std::string, std::string>, std::int64_t> reasons;  ///< (what is missing, reason)
  std::map<std::size_t, std::vector<double>> objective;  ///< finalist -> score of each question
};

Survey survey(const Material& m, std::span<const std::size_t> finalists) {
  const auto& outcome = m.finished.outcome;
  const auto& names = outcome.metrics;
  const auto objective =
      static_cast<std::size_t>(std::ranges::find(names, m.config.objective.maximize) - names.begin());
  Survey found;
  for (std::size_t t = 0; t < m.finished.plan.trials.size(); ++t) {
    auto* scores = std::ranges::count(finalists, t) > 0 ? &found.objective[t] : nullptr;
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

/// How far apart the finalists' scores of a question are, as a variance. A missing score counts as 0, since
/// an answer that one trial does not give separates it from those that do.
double spread(const Survey& found, std::size_t question) {
  double sum = 0;
  double squares = 0;
  for (const auto& [trial, scores] : found.objective) {
    const double score = std::isnan(scores[question]) ? 0 : scores[question];
    sum += score;
    squares += score * score;
  }
  const auto n = static_cast<double>(found.objective.size());
  return squares / n - sum / n * (sum / n);
}

/// The questions that separate the finalists most, and how much.
std::vector<std::pair<std::size_t, double>> telling(const Material& m, const Survey& found,
                                                    std::size_t most) {
  std::vector<std::pair<std::size_t, double>> list;
  if (found.objective.empty()) return list;
  for (std::size_t q = 0; q < m.finished.questions.size(); ++q) list.emplace_back(q, spread(found, q));
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

/// The passages and texts that cells refer to.
class Shelf {
 public:
  Shelf(const Material& m, const PageLimits& limits) : material_(m), texts_(limits) {}

  json text(const std::string& text) { return texts_.add(text); }

  /// A passage's number.
  std::size_t passage(int method, const parts::Context& context) {
    const auto [found, fresh] = numbers_.try_emplace({method, context.retrieved.chunk}, list_.size());
    if (!fresh) return found->second;
    const auto& names = material_.finished.outcome.document_names;
    list_.push_back({{"name", chunk_name(method, context.retrieved.chunk)},
                     {"file", texts_.add(names.at(context.retrieved.chunk.document))},
                     {"first", context.first_page},
                     {"last", context.last_page},
                     {"text", texts_.add(context.text)}});
    return found->second;
  }

  [[nodiscard]] json take_texts() { return texts_.take(); }
  [[nodiscard]] json take_passages() { return std::move(list_); }

 private:
  const Material& material_;
  Texts texts_;
  std::map<std::pair<int, ChunkId>, std::size_t> numbers_;
  json list_ = json::array();
};

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
  return {{"answer", shelf.text(cell.result.answer.text)},
          {"reason", cell.result.answer.reason},
          {"flagged", cell.result.flagged},
          {"scores", scores},
          {"reasons", reasons},
          {"contexts", contexts}};
}

/// Texts are shelved question by question, the most telling first, so that a spent budget takes the least.
json questions_of(const Material& m, std::span<const std::size_t> finalists, const Survey& found,
                  const PageLimits& limits, Shelf& shelf) {
  const auto chosen = telling(m, found, limits.questions);
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

json failures(const Material& m, const Survey& found, const PageLimits& limits) {
  json reasons = json::array(), documents = json::array();
  for (const auto& [what, count] : found.reasons) reasons.push_back({what.first, what.second, count});
  for (const auto& failed : m.finished.outcome.failed_documents) {
    if (documents.size() == limits.failed_documents) break;
    documents.push_back({cut(failed.name, 300), failed.reason, cut(failed.detail, 300)});
  }
  return {{"reasons", reasons},
          {"documents", documents},
          {"all_documents", m.finished.outcome.failed_documents.size()}};
}

}  // namespace

std::string page_data(const Material& m, const stats::Verdict& verdict, const PageLimits& limits) {
  const auto& outcome = m.finished.outcome;
  auto order = best_first(verdict, m.finished.plan.trials.size());
  order.resize(std::min(order.size(), limits.trials));
  const std::span finalists(order.data(), std::min(order.size(), limits.finalists));
  const auto methods = method_parameters(m);
  json parameters = json::array({"method"});
  for (const auto& name : methods) parameters.push_back(name);
  parameters.insert(parameters.end(), {"embedder", "reranker", "top_k", "llm"});
  json trials = json::array();
  for (const auto t : order) trials.push_back(trial_row(m, verdict, t, methods));
  const auto found = survey(m, finalists);
  Shelf shelf(m, limits);
  auto questions = questions_of(m, finalists, found, limits, shelf);
  const json data = {
      {"program", version::program},
      {"sweep", m.config.sweep.name},
      {"objective", m.config.objective.maximize},
      {"judge", m.config.judge.llm},
      {"judge_noise", judge_noise(m)},
      {"warnings", m.finished.warnings},
      {"documents", outcome.documents},
      {"asked", m.finished.questions.size()},
      {"verdict", {{"sentence", verdict.sentence}, {"ties", verdict.ties.size()}}},
      {"metrics", outcome.metrics},
      {"parameters", parameters},
      {"trials", trials},
      {"all_trials", m.finished.plan.trials.size()},
      {"finalists", finalists.size()},
      {"questions", std::move(questions)},
      {"passages", shelf.take_passages()},
      {"texts", shelf.take_texts()},
      {"stages", stage_rows(m, limits)},
      {"failures", failures(m, found, limits)},
      {"gold", {{"without", outcome.gold.without}, {"lost_passages", outcome.gold.lost_passages}}},
      {"rows_to_try_again", outcome.transient_rows},
      {"measured", measured(m)},
  };
  // Names of files may be in any encoding; a byte that is no UTF-8 becomes U+FFFD.
  return data.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace dream::report
