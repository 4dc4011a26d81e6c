// Reads what a sweep left in its output folder: the verdict, one answer, two sweeps beside each other, a
// gate, and what MLflow was not told yet.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "dream_version.hpp"
#include "jobs/environment.hpp"
#include "jobs/parse_or_exit.hpp"
#include "jobs/upload.hpp"
#include "report/answer.hpp"
#include "report/compare.hpp"
#include "report/gate.hpp"
#include "report/html.hpp"
#include "report/markdown.hpp"

namespace {

using namespace dream;

struct Line {
  std::string output;
  bool markdown = false;
  std::optional<int> trial;
  std::string question;
  std::optional<int> beside;
  std::vector<std::string> compared;
  std::string metric;
  std::string fail_below;
  bool upload = false;
  std::string tracking_uri;
  std::string env_file;
  bool version = false;
};

void stop_here() {
  if (const char* signal = jobs::stop_asked()) throw Stopped(signal);
}

Line parse(int argc, char** argv) {
  Line line;
  CLI::App app{"Reads what a sweep left in its output folder; needs nothing else.", "dream_report"};
  app.add_option("output", line.output, "The folder that a config calls sweep.output")->type_name("OUTPUT");
  app.add_flag("--markdown", line.markdown, "Print verdict and table alone; write nothing");
  app.add_option("--trial", line.trial, "A trial's number, for --question and --fail-below")->type_name("T");
  app.add_option("--question", line.question,
                 "Print that trial's answer to the question with this id, its scores and contexts")
      ->type_name("ID");
  app.add_option("--beside", line.beside, "With --question: the answer of this trial beside it")
      ->type_name("T");
  app.add_option("--compare", line.compared, "Compare two outputs on the questions that both asked")
      ->type_name("A B")
      ->expected(2);
  app.add_option("--metric", line.metric, "Compare by this metric; A's objective unless given");
  app.add_option("--fail-below", line.fail_below,
                 "End with exit code 8 when the best trial's mean, or that of --trial, is below")
      ->type_name("METRIC=NUMBER[,...]");
  app.add_flag("--upload", line.upload, "Send to MLflow what it was not told yet; nothing else");
  app.add_option("--tracking-uri", line.tracking_uri, "Another address of the same MLflow server")
      ->type_name("URL");
  app.add_option("--env-file", line.env_file, "KEY=VALUE lines for the environment, for --upload")
      ->type_name("FILE");
  app.add_flag("--version", line.version, "The version of this program");
  jobs::parse_or_exit(app, argc, argv, true, [&] {
    if (line.version) return;
    if (line.output.empty() == line.compared.empty())
      throw ConfigError("name one output folder: dream_report OUTPUT, or two: dream_report --compare A B");
    if (line.upload && line.output.empty()) throw ConfigError("--upload: name the output folder");
    if (line.trial && line.question.empty() && line.fail_below.empty())
      throw ConfigError("--trial goes with --question or --fail-below");
    if (!line.question.empty() && !line.trial) throw ConfigError("--question: name its trial with --trial T");
    if (line.beside && line.question.empty()) throw ConfigError("--beside goes with --trial and --question");
    if (!line.metric.empty() && line.compared.empty()) throw ConfigError("--metric goes with --compare");
    if (!line.upload && !(line.tracking_uri.empty() && line.env_file.empty()))
      throw ConfigError("--tracking-uri and --env-file go with --upload");
  });
  return line;
}

/// What a clock measured stands in manifest.json alone; a page without it says so.
std::string measured_of(const std::filesystem::path& folder) {
  const auto file = folder / "manifest.json";
  if (!std::filesystem::exists(file)) return "null";
  try {
    return nlohmann::ordered_json::parse(read_file(file)).at("measured").dump();
  } catch (const nlohmann::json::exception&) {
    return "null";  // another version's
  }
}

void compare(const Line& line) {
  const report::Record a(line.compared[0]);
  const report::Record b(line.compared[1]);
  const auto& metric = line.metric.empty() ? a.objective : line.metric;
  std::cout << report::describe(report::compare(a, b, metric, stop_here), a, b);
}

void gate(const Line& line, const report::Record& record) {
  const auto gates = report::parse_gates(line.fail_below);
  std::optional<std::size_t> trial;
  if (line.trial) {
    trial = record.trial_at(*line.trial);
  } else {
    const auto verdict = report::judge_trials(record, stop_here);
    if (verdict.winner < 0) throw report::BelowGate(verdict.sentence);
    trial = static_cast<std::size_t>(verdict.winner);
  }
  std::cout << report::check_gates(record, *trial, gates);
}

void show(const Line& line, const report::Record& record) {
  const auto verdict = report::judge_trials(record, stop_here);
  std::cout << report::markdown(record, verdict);
  if (line.markdown) return;
  report::write_page(record.folder, record.page(), measured_of(record.folder));
  std::cerr << (record.folder / "report.html").string() << " is new\n";
}

void show_answer(const Line& line, const report::Record& record) {
  const auto question = record.question_at(line.question);
  const auto text = [&](int trial) { return report::answer_text(record, record.trial_at(trial), question); };
  std::cout << (line.beside ? report::side_by_side(text(*line.trial), text(*line.beside))
                            : text(*line.trial));
}

int run(const Line& line) {
  if (line.upload) return jobs::upload(line.output, line.env_file, line.tracking_uri);
  if (!line.compared.empty()) {
    compare(line);
    return static_cast<int>(ExitCode::ok);
  }
  const report::Record record(line.output);
  if (!line.question.empty()) show_answer(line, record);
  if (line.fail_below.empty() && line.question.empty()) show(line, record);
  if (!line.fail_below.empty()) gate(line, record);
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

int main(int argc, char** argv) {
  jobs::prepare_environment(argv);
  const auto line = parse(argc, argv);
  if (line.version) {
    fmt::print("dream_report {}\n", version::program);
    return 0;
  }
  jobs::watch_signals();
  try {
    return run(line);
  } catch (const Error& e) {
    std::cerr << "dream_report: " << e.what() << std::endl;
    return static_cast<int>(e.code);
  } catch (const std::exception& e) {
    std::cerr << "dream_report: " << e.what() << std::endl;
    return static_cast<int>(ExitCode::bug);
  }
}
