#include "report/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/access.hpp"
#include "base/near_names.hpp"
#include "config/write.hpp"
#include "report/rows.hpp"

namespace dream::report {
namespace {

/// Raise it when a reader of sweep.h5 needs something that earlier ones lack.
constexpr std::int64_t record_version = 2;

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

std::string of_trial(const char* what, int number) { return fmt::format("{}/{:06}", what, number); }

void write_trials(state::H5Writer& file, const Material& m) {
  const auto& outcome = m.finished.outcome;
  std::vector<std::string> titles, methods, embedders, rerankers, llms;
  std::vector<std::int64_t> numbers, top_k, tokens, counts;
  std::vector<double> usd, means, errors;
  for (std::size_t t = 0; t < m.finished.plan.trials.size(); ++t) {
    const auto& trial = m.finished.plan.trials[t];
    const auto& summary = outcome.trials[t];
    numbers.push_back(trial.number);
    titles.push_back(title_of(m.config, trial));
    methods.push_back(m.config.space.methods[static_cast<std::size_t>(trial.method)].canonical());
    embedders.push_back(trial.embedder);
    rerankers.push_back(trial.reranker);
    llms.push_back(trial.llm);
    top_k.push_back(trial.k);
    tokens.insert(tokens.end(), {summary.input_tokens, summary.output_tokens});
    usd.push_back(summary.cost_usd);
    for (const auto& metric : summary.metrics) {
      means.push_back(metric.mean);
      errors.push_back(metric.standard_error);
      counts.push_back(metric.count);
    }
  }
  const auto rows = std::ssize(numbers);
  const auto metrics = std::ssize(outcome.metrics);
  file.write("trial/number", numbers);
  file.write_strings("trial/title", titles);
  file.write_strings("trial/method", methods);
  file.write_strings("trial/embedder", embedders);
  file.write_strings("trial/reranker", rerankers);
  file.write_strings("trial/llm", llms);
  file.write("trial/top_k", top_k);
  file.write_matrix("trial/tokens", MatrixView<const std::int64_t>{tokens.data(), rows, 2});
  file.write("trial/cost_usd", usd);
  file.write_matrix("trial/mean", MatrixView<const double>{means.data(), rows, metrics});
  file.write_matrix("trial/standard_error", MatrixView<const double>{errors.data(), rows, metrics});
  file.write_matrix("trial/count", MatrixView<const std::int64_t>{counts.data(), rows, metrics});
}

void write_questions(state::H5Writer& file, const sweep::Finished& finished, const std::string& group) {
  RecordedQuestions all;
  for (const auto& question : finished.questions) {
    all.ids.push_back(question.id);
    all.texts.push_back(question.question);
    all.references.push_back(question.reference);
  }
  file.write_strings(group + "/id", all.ids);
  file.write_strings(group + "/text", all.texts);
  file.write_strings(group + "/reference", all.references);
  file.write(group + "/cluster", finished.question_clusters);
}

/// (questions, metrics), NaN where there is no value.
void write_scores(state::H5Writer& file, const std::string& name, const Material& m,
                  const sweep::Trial& trial) {
  std::vector<double> values;
  for_results(m, trial, [&](const parts::Result& result) {
    for (const auto& score : result.scores) values.push_back(score.has_value() ? score.value : nothing);
  });
  file.write_matrix(name, MatrixView<const double>{values.data(), std::ssize(m.finished.questions),
                                                   std::ssize(m.finished.outcome.metrics)});
}

void write_hold_out(state::H5Writer& file, const Material& m) {
  const Material rest{m.config, *m.finished.hold_out, m.parts, m.mpi, m.pulse};
  write_questions(file, rest.finished, "holdout/question");
  for (const auto& trial : rest.finished.plan.trials)
    write_scores(file, of_trial("holdout/score", trial.number), rest, trial);
}

/// Scores and answers of one trial.
void write_trial(state::H5Writer& file, const Material& m, const sweep::Trial& trial) {
  std::vector<std::int64_t> votes;
  std::vector<std::string> answers, answer_reasons, chunks, reasons;
  std::vector<std::vector<Remark>> remarks;
  for_questions(m, trial, [&](const GoldenQuestion&, const auto& contexts, const parts::Result& result) {
    for (const auto& score : result.scores) reasons.push_back(score.reason);
    for (const auto& noise : result.noise) votes.insert(votes.end(), {noise.votes, noise.flips});
    answers.push_back(result.answer.text);
    answer_reasons.push_back(result.answer.reason);
    chunks.push_back(chunk_names(trial.method, contexts));
    remarks.push_back(result.remarks);
  });
  write_scores(file, of_trial("score", trial.number), m, trial);
  file.write_strings(of_trial("score_reason", trial.number), reasons);
  file.write_strings(of_trial("answer", trial.number), answers);
  file.write_strings(of_trial("answer_reason", trial.number), answer_reasons);
  file.write_strings(of_trial("chunks", trial.number), chunks);
  parts::save_remarks(file, of_trial("remark", trial.number), remarks);
  if (!votes.empty()) {
    file.write_matrix(of_trial("judge_votes", trial.number),
                      MatrixView<const std::int64_t>{votes.data(), std::ssize(votes) / 2, 2});
  }
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// The config with what its empty keys stood for, as far as scores depend on it: two sweeps that say the same
/// may mean another judge.
config::Config spelled_out(const Material& m) {
  auto config = m.config;
  if (config.judge.embedder.empty() && !config.space.embedders.empty())
    config.judge.embedder = config.space.embedders.front();
  if (!m.finished.tokenizer.empty()) config.chunking.tokenizer = m.finished.tokenizer;
  return config;
}

state::H5Reader open(const std::filesystem::path& folder) {
  const auto path = folder / "sweep.h5";
  if (!std::filesystem::exists(path))
    throw StateError(
        path.string(), "",
        "not there; name the folder that a finished sweep calls sweep.output (of an output on S3, "
        "a copy: aws s3 sync)");
  state::H5Reader file(path);
  if (!file.has_attribute("record") || file.int_attribute("record") != record_version)
    throw StateError(
        path.string(), "",
        "another version of dream_sweep wrote it, and not all that is asked for is in it; run the "
        "sweep again: with its state folder that takes seconds");
  return file;
}

}  // namespace

void write_h5(const Material& m, const std::string& page, const std::string& hold_out) {
  const auto folder = std::filesystem::path(config::output_folder(m.config));
  const auto beside = folder / "sweep.h5.tmp";
  state::H5Writer file(beside);
  file.attribute("record", record_version);
  file.attribute("sweep", m.config.sweep.name);
  file.attribute("objective", m.config.objective.maximize);
  file.attribute("judge", m.config.judge.llm);
  file.attribute("seed", m.config.sweep.seed);
  file.attribute("golden", m.finished.plan.questions.hex());
  if (!hold_out.empty()) file.attribute("hold_out", hold_out);
  std::vector<std::string> keys, values;
  for (auto& [key, value] : config::entries(spelled_out(m))) {
    keys.push_back(std::move(key));
    values.push_back(std::move(value));
  }
  file.write_strings("config/key", keys);
  file.write_strings("config/value", values);
  file.write_strings("metric", m.finished.outcome.metrics);
  write_trials(file, m);
  write_questions(file, m.finished, "question");
  for (const auto& trial : m.finished.plan.trials) write_trial(file, m, trial);
  if (m.finished.hold_out) write_hold_out(file, m);
  const std::string pages[] = {page};
  file.write_strings("page", pages);
  file.close();
  std::error_code error;
  std::filesystem::rename(beside, folder / "sweep.h5", error);
  if (error)
    throw StateError(beside.string(), "", "cannot rename it to sweep.h5: " + why(beside, error.value()));
}

bool RecordedTrial::same_choices(const RecordedTrial& other) const {
  return method == other.method && embedder == other.embedder && reranker == other.reranker &&
         top_k == other.top_k && llm == other.llm;
}

Record::Record(const std::filesystem::path& output) : folder(output), file_(open(output)) {
  sweep = file_.text_attribute("sweep");
  objective = file_.text_attribute("objective");
  judge = file_.text_attribute("judge");
  seed = static_cast<std::uint64_t>(file_.int_attribute("seed"));
  golden = file_.text_attribute("golden");
  if (file_.has_attribute("hold_out")) hold_out = file_.text_attribute("hold_out");
  auto keys = file_.read_strings("config/key");
  auto values = file_.read_strings("config/value");
  for (std::size_t i = 0; i < keys.size(); ++i)
    config.emplace_back(std::move(keys[i]), std::move(values.at(i)));
  metrics = file_.read_strings("metric");
  const auto numbers = file_.read<std::int64_t>("trial/number");
  const auto titles = file_.read_strings("trial/title");
  const auto methods = file_.read_strings("trial/method");
  const auto embedders = file_.read_strings("trial/embedder");
  const auto rerankers = file_.read_strings("trial/reranker");
  const auto top_k = file_.read<std::int64_t>("trial/top_k");
  const auto llms = file_.read_strings("trial/llm");
  const auto usd = file_.read<double>("trial/cost_usd");
  for (std::size_t t = 0; t < numbers.size(); ++t) {
    trials.push_back({static_cast<int>(numbers[t]), titles.at(t), methods.at(t), embedders.at(t),
                      rerankers.at(t), top_k.at(t), llms.at(t), usd.at(t)});
  }
  questions = {file_.read_strings("question/id"), file_.read_strings("question/text"),
               file_.read_strings("question/reference"), file_.read<std::int32_t>("question/cluster")};
  means = file_.read_matrix<double>("trial/mean");
  counts = file_.read_matrix<std::int64_t>("trial/count");
}

stats::ScoreMatrix Record::scores(std::string_view metric) const {
  const auto found = std::ranges::find(metrics, metric);
  if (found == metrics.end())
    throw ConfigError(
        fmt::format("{}: no metric \"{}\"{}", folder.string(), metric, suggest(metric, metrics)));
  const auto column = static_cast<std::size_t>(found - metrics.begin());
  stats::ScoreMatrix scores(static_cast<int>(trials.size()), static_cast<int>(questions.ids.size()));
  for (int t = 0; t < scores.trials; ++t) {
    const auto all = file_.read_matrix<double>(of_trial("score", trials[static_cast<std::size_t>(t)].number));
    const auto row = scores.row(t);
    for (std::size_t q = 0; q < row.size(); ++q) row[q] = all.row(static_cast<std::int64_t>(q))[column];
  }
  return scores;
}

std::size_t Record::trial_at(int number) const {
  const auto found = std::ranges::find(trials, number, &RecordedTrial::number);
  if (found == trials.end())
    throw ConfigError(fmt::format("{}: no trial {}; there are {} (results.csv lists them)", folder.string(),
                                  number, trials.size()));
  return static_cast<std::size_t>(found - trials.begin());
}

std::size_t Record::question_at(const std::string& id) const {
  const auto found = std::ranges::find(questions.ids, id);
  if (found == questions.ids.end())
    throw ConfigError(
        fmt::format("{}: no question \"{}\"{}", folder.string(), id, suggest(id, questions.ids)));
  return static_cast<std::size_t>(found - questions.ids.begin());
}

RecordedAnswer Record::answer(std::size_t trial, std::size_t question) const {
  const int number = trials.at(trial).number;
  RecordedAnswer answer;
  answer.text = file_.read_strings(of_trial("answer", number)).at(question);
  answer.reason = file_.read_strings(of_trial("answer_reason", number)).at(question);
  answer.chunks = words_of(file_.read_strings(of_trial("chunks", number)).at(question));
  const auto row = static_cast<std::int64_t>(question);
  answer.scores = file_.read_rows<double>(of_trial("score", number), row, 1).values;
  const auto reasons = file_.read_strings(of_trial("score_reason", number));
  const auto first = question * metrics.size();
  for (std::size_t i = 0; i < metrics.size(); ++i) answer.reasons.push_back(reasons.at(first + i));
  answer.remarks =
      std::move(parts::load_remarks(file_, of_trial("remark", number), questions.ids.size()).at(question));
  if (file_.has(of_trial("judge_votes", number))) {
    const auto votes = file_.read_rows<std::int64_t>(of_trial("judge_votes", number),
                                                     static_cast<std::int64_t>(first), std::ssize(metrics));
    for (std::int64_t i = 0; i < votes.rows; ++i) answer.votes.emplace_back(votes.row(i)[0], votes.row(i)[1]);
  }
  return answer;
}

std::string Record::page() const { return file_.read_strings("page").at(0); }

stats::Verdict judge_trials(const Record& record, const Pulse& pulse) {
  const auto scores = record.scores(record.objective);
  std::vector<std::string> titles;
  for (const auto& trial : record.trials) titles.push_back(trial.title);
  return stats::judge_trials(
      {.scores = &scores, .names = titles, .metric = record.objective, .cluster = record.questions.clusters},
      record.options(), pulse);
}

}  // namespace dream::report
