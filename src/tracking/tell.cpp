#include "tracking/tell.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "config/keys.hpp"
#include "config/write.hpp"
#include "dream_version.hpp"
#include "storage/url.hpp"
#include "tracking/mlflow.hpp"

namespace dream::tracking {
namespace {

constexpr double absent = std::numeric_limits<double>::quiet_NaN();

std::string text_of(const std::string& value) { return value; }
template <class T>
std::string text_of(const T& value) {
  if constexpr (std::is_same_v<T, Choice>)
    return value.canonical();
  else
    return to_text(Value(value));
}
template <class T>
std::string text_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(text_of(value));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// Keys that say where things are kept or how the job is cut say nothing of the results.
config::Config without_places(const config::Config& config) {
  auto copy = config;
  const auto sweep = config.sweep;
  copy.file.clear();
  copy.sweep = {};
  copy.sweep.name = sweep.name;
  copy.sweep.seed = sweep.seed;
  copy.sweep.search = sweep.search;
  copy.s3 = {};
  copy.device = {};
  copy.tracking = {};
  copy.testset = {};
  copy.objective.budget_usd = 0;
  copy.objective.budget_tokens = 0;
  copy.objective.budget_hours = 0;
  return copy;
}

/// Whether without_places() leaves a key as it is. The others may differ from start to start, which a
/// parameter in MLflow must not.
bool is_of_results(std::string_view key) {
  for (const auto* prefix : {"testset.", "tracking.", "s3.", "device.", "objective.budget"})
    if (key.starts_with(prefix)) return false;
  return !key.starts_with("sweep.") || key == "sweep.name" || key == "sweep.seed" || key == "sweep.search";
}

Named config_params(const config::Config& config) {
  auto copy = config;  // the table of keys hands out pointers that may write
  Named params;
  for (const auto& key : config::keys()) {
    if (!is_of_results(key.name)) continue;
    params.emplace_back(key.name,
                        std::visit([](const auto* field) { return text_of(*field); }, key.field(copy)));
  }
  for (const auto& [name, model] : config.models) {
    params.emplace_back("models." + name + ".kind", model.kind);
    for (const auto& [param, value] : model.params.all())
      params.emplace_back("models." + name + "." + param, to_text(value));
  }
  return params;
}

Named tags_of_all(const Subject& subject) {
  return {{mlflow::sweep_tag, subject.key},
          {"dream.version", version::program},
          {"dream.commit", version::commit},
          {"mlflow.source.name", "dream_sweep"},
          {"mlflow.source.type", "JOB"}};
}

Dataset golden(const Subject& subject) {
  const auto& file = subject.config.golden.file;
  return {file.substr(file.find_last_of('/') + 1), subject.plan.questions.hex(), file, "evaluation",
          subject.questions};
}

std::string bucket_of(const config::Config& config) {
  for (const auto& source : config.corpus.sources) {
    if (storage::is_url(source)) return storage::parse_url(source).bucket;
  }
  return "";
}

/// MLflow draws the first three parameters that differ, by the alphabet, as parallel coordinates: each thing
/// has one name, DREAM's where it has one, and details come last.
Named trial_params(const Subject& subject, const sweep::Trial& trial) {
  const auto& config = subject.config;
  const auto& method = config.space.methods.at(static_cast<std::size_t>(trial.method));
  Named params{{"query_engine_identifier", method.name},
               {"embed_model_identifier", trial.embedder},
               {"llm_identifier", trial.llm},
               {"trial", std::to_string(trial.number)},
               {"reranker", trial.reranker},
               {"top_k", std::to_string(trial.k)},
               {"judge", config.judge.llm},
               {"with", method.params.canonical()}};
  if (const auto bucket = bucket_of(config); !bucket.empty()) params.emplace_back("s3_bucket", bucket);
  for (const auto& [name, value] : method.params.all()) params.emplace_back("with." + name, to_text(value));
  return params;
}

/// The metric that the sweep maximizes comes first, since MLflow colours parallel coordinates by the first
/// one.
std::vector<std::pair<std::string, double>> metrics_of(const Subject& subject,
                                                       const std::vector<std::string>& names,
                                                       const sweep::TrialSummary& summary) {
  std::vector<std::pair<std::string, double>> list;
  const auto all = static_cast<double>(subject.questions);
  std::vector<std::size_t> order(std::min(names.size(), summary.metrics.size()));
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_partition(order,
                                [&](std::size_t m) { return names[m] == subject.config.objective.maximize; });
  for (const auto m : order) {
    const auto& metric = summary.metrics[m];
    list.emplace_back(names[m], metric.count > 0 ? metric.mean : absent);
    list.emplace_back(names[m] + "_standard_error", metric.count > 1 ? metric.standard_error : absent);
    list.emplace_back(names[m] + "_coverage", all > 0 ? static_cast<double>(metric.count) / all : 0);
  }
  list.emplace_back("input_tokens", static_cast<double>(summary.input_tokens));
  list.emplace_back("output_tokens", static_cast<double>(summary.output_tokens));
  list.emplace_back("cost_usd", summary.cost_usd);
  list.emplace_back("question_usd", summary.question_usd);
  list.emplace_back("failed_answers", static_cast<double>(summary.failed_answers));
  list.emplace_back("flagged_questions", static_cast<double>(summary.flagged));
  return list;
}

/// "node1 (4 ranks), node2 (4 ranks)"
std::string hosts_of(const sweep::Outcome& outcome) {
  std::map<std::string, int> ranks;
  for (const auto& host : outcome.hosts) ++ranks[host];
  std::string text;
  for (const auto& [host, count] : ranks) {
    text += fmt::format("{}{} ({} rank{})", text.empty() ? "" : ", ", host, count, count == 1 ? "" : "s");
  }
  return text;
}

std::vector<std::pair<std::string, double>> costs_of(const Subject& subject, const sweep::Outcome& outcome) {
  std::vector<std::pair<std::string, double>> list{
      {"trials", static_cast<double>(subject.plan.trials.size())},
      {"questions", static_cast<double>(subject.questions)},
      {"documents", static_cast<double>(outcome.documents)},
      {"failed_documents", static_cast<double>(outcome.failed_documents.size())},
      {"ranks", static_cast<double>(outcome.ranks.size())}};
  double sent = 0, kept = 0, input = 0, output = 0, usd = 0;
  for (const auto& usage : outcome.usage) {
    sent += static_cast<double>(usage.sent);
    kept += static_cast<double>(usage.from_state);
    input += static_cast<double>(usage.input_tokens);
    output += static_cast<double>(usage.output_tokens);
    usd += usage.cost_usd;
  }
  list.insert(list.end(), {{"calls", sent},
                           {"calls_from_state", kept},
                           {"input_tokens", input},
                           {"output_tokens", output},
                           {"cost_usd", usd}});
  for (int s = 0; s < sweep::stage_count; ++s) {
    if (subject.plan.nodes_of(static_cast<sweep::Stage>(s)).empty()) continue;
    double longest = 0;
    for (const auto& rank : outcome.ranks)
      longest = std::max(longest, rank.seconds[static_cast<std::size_t>(s)]);
    list.emplace_back(std::string("seconds/") + sweep::name_of(static_cast<sweep::Stage>(s)), longest);
  }
  return list;
}

}  // namespace

std::string key_of(const config::Config& config, const sweep::Plan& plan) {
  return Hasher("tracking/sweep")
      .add(config::to_toml(without_places(config)))
      .add(plan.corpus)
      .add(plan.questions)
      .finish()
      .hex();
}

std::string key_of(const std::string& sweep, const sweep::Trial& trial) {
  return fmt::format("{}-{}", sweep, trial.number);
}

std::vector<Entry> sweep_begins(const Subject& subject, const std::string& mpi, std::int64_t now_ms) {
  auto tags = tags_of_all(subject);
  tags.insert(tags.end(), {{"dream.compiler", version::compiler},
                           {"dream.build", version::build_type},
                           {"dream.mpi", mpi},
                           {"dream.corpus_digest", subject.plan.corpus.hex()},
                           {"dream.golden_digest", subject.plan.questions.hex()}});
  const auto& key = subject.key;
  return {{key, "run", NewRun{"", subject.config.sweep.name, now_ms, std::move(tags)}},
          {key, "", NewStatus{Status::running, now_ms}},
          {key, "config", Values{config_params(subject.config), {}, {}, now_ms, 0}},
          {key, "golden", golden(subject)}};
}

Entry stage_moves(const std::string& sweep, sweep::Stage stage, std::int64_t items, std::int64_t done,
                  std::int64_t now_ms) {
  const auto share = items > 0 ? static_cast<double>(done) / static_cast<double>(items) : 1.0;
  const std::string name = sweep::name_of(stage);
  return {sweep, "", Values{{}, {{"progress/" + name, share}}, {{"dream.stage", name}}, now_ms, done}};
}

std::vector<Entry> trial_scored(const Subject& subject, const sweep::Trial& trial,
                                const std::vector<std::string>& metrics, const sweep::TrialSummary& summary,
                                std::int64_t start_ms, std::int64_t now_ms) {
  const auto key = key_of(subject.key, trial);
  auto tags = tags_of_all(subject);
  const auto& node = subject.plan.nodes.at(static_cast<std::size_t>(trial.score));
  tags.emplace_back("dream.recipe", node.recipe.hex());
  return {
      {key, "run", NewRun{subject.key, sweep::title_of(subject.config, trial), start_ms, std::move(tags)}},
      {key, "scores",
       Values{trial_params(subject, trial), metrics_of(subject, metrics, summary), {}, now_ms, 0}},
      {key, "status", NewStatus{Status::finished, now_ms}},
      {key, "golden", golden(subject)}};
}

std::vector<Entry> sweep_ends(const Subject& subject, const sweep::Outcome& outcome,
                              const stats::Verdict& verdict, std::int64_t now_ms) {
  std::vector<Entry> entries;
  Values values{{}, costs_of(subject, outcome), {}, now_ms, 0};
  values.tags = {{"dream.hosts", hosts_of(outcome)},
                 {"dream.output", subject.config.sweep.output},
                 {"dream.verdict", verdict.sentence},
                 {"mlflow.note.content", verdict.sentence}};
  if (verdict.winner >= 0) {
    const auto w = static_cast<std::size_t>(verdict.winner);
    for (std::size_t m = 0; m < outcome.metrics.size(); ++m) {
      const auto& metric = outcome.trials.at(w).metrics.at(m);
      if (metric.count > 0) values.metrics.emplace_back("best/" + outcome.metrics[m], metric.mean);
    }
    const auto mark = [&](int trial, const char* word) {
      const auto key = key_of(subject.key, subject.plan.trials.at(static_cast<std::size_t>(trial)));
      entries.push_back({key, "verdict", Values{{}, {}, {{"dream.verdict", word}}, now_ms, 0}});
    };
    mark(verdict.winner, "best");
    for (const int tie : verdict.ties) mark(tie, "tie with the best");
  }
  entries.insert(entries.begin(), {subject.key, "end", std::move(values)});
  entries.push_back({subject.key, "", NewStatus{Status::finished, now_ms}});
  return entries;
}

}  // namespace dream::tracking
