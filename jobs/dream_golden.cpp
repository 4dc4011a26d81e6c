// The program that makes a golden dataset: every rank starts here, and rank 0 writes the files.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <optional>

#include "base/file.hpp"
#include "comm/agree.hpp"
#include "comm/mpi.hpp"
#include "dream_version.hpp"
#include "golden/golden.hpp"
#include "golden/review.hpp"
#include "jobs/board.hpp"
#include "jobs/command_line.hpp"
#include "jobs/environment.hpp"
#include "jobs/program.hpp"
#include "report/outputs.hpp"
#include "testset/tables.hpp"

namespace {

using namespace dream;

std::filesystem::path review_file(const config::Config& config) {
  return config.golden.review.empty() ? golden::review_beside(config.golden.file)
                                      : std::filesystem::path(config.golden.review);
}

/// A golden file that people wrote must not be lost to one that a model writes.
void check_golden_file(const config::Config& config) {
  const std::filesystem::path path = config.golden.file;
  if (!std::filesystem::exists(path)) return;
  if (read_file(path).starts_with(testset::golden_header())) return;
  throw ConfigError(
      fmt::format("{}: golden.file = \"{}\" is there and was not written by dream_golden (its header is "
                  "another one); name "
                  "a new file",
                  config.file, config.golden.file));
}

golden::Review earlier_review(const config::Config& config) {
  const auto path = review_file(config);
  return std::filesystem::exists(path) ? golden::parse_review(read_file(path), path.string())
                                       : golden::Review();
}

/// Writes a file; one of other bytes that was there is kept as <file>.old.
void replace_file(const std::filesystem::path& path, const std::string& bytes) {
  std::error_code ignored;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  if (std::filesystem::exists(path)) {
    if (read_file(path) == bytes) return;
    auto old = path;
    old += ".old";
    std::filesystem::rename(path, old, ignored);
    std::cout << path.string() << " was there with other rows and is kept as " << old.string() << "\n";
  }
  write_file(path, bytes);
}

/// The digest that a sweep with these questions has in its manifest.
std::string digest_of(const std::string& golden_csv, const std::string& file) {
  std::vector<Digest> digests;
  for (const auto& question : golden::parse(golden_csv, file))
    digests.push_back(golden::digest_of(std::span(&question, 1)));
  return sweep::digest_of_questions(digests).hex();
}

void finish(const config::Config& config, const testset::Finished& finished, const golden::Review& earlier) {
  const std::filesystem::path output = config.sweep.output;
  const bool any = !finished.harvest.rows.empty();
  const auto dataset = testset::golden_csv(finished);
  const auto digest = any ? digest_of(dataset, config.golden.file) : "";
  write_file(output / "testset.csv", testset::summary_csv(finished, digest));
  write_file(output / "testset_dropped.csv", testset::dropped_csv(finished));
  write_file(output / "testset_calls.csv", testset::calls_csv(finished));
  std::cout << testset::terminal_summary(finished);
  if (!finished.failed_documents.empty())
    std::cout << finished.failed_documents.size() << " of " << finished.documents
              << " documents gave no text\n";
  if (finished.passing > 0)
    std::cout << finished.passing
              << " candidates were dropped because calls failed for reasons that may pass; the same command "
                 "tries them again, and may make other rows\n";
  if (!any) {
    throw CorpusError(config.golden.file, 0,
                      "not written: no question passed the filters; testset_dropped.csv in " +
                          config.sweep.output + " has each with its reason");
  }
  replace_file(config.golden.file, dataset);
  replace_file(review_file(config), testset::review_csv(finished, earlier));
  std::cout << "the dataset is " << config.golden.file << " (digest " << digest
            << "); write accept or reject into " << review_file(config).string()
            << "\ntestset.csv, testset_dropped.csv and testset_calls.csv are in " << config.sweep.output
            << "\n";
}

int make_dataset(comm::Communicator& comm, const jobs::GoldenLine& line, net::Redactor& redact) {
  const auto config = jobs::load_config(comm, line);
  redact = jobs::secrets_of(config);
  testset::RunOptions options;
  options.plan_only = line.plan || line.check;
  options.check_endpoint = line.check;
  options.stop = [] {
    if (const char* signal = jobs::stop_asked()) throw Stopped(signal);
  };
  golden::Review earlier;
  comm::agree(comm, [&] {  // what would not be written is told before it is paid for
    if (comm.rank() != 0) return;
    check_golden_file(config);
    earlier = earlier_review(config);
    if (!line.plan) report::prepare_output(config);
  });
  if (!options.plan_only) options.log = jobs::start_log(comm, config, "testset.log", redact);
  options.note = [&options](const std::string& text) {
    fmt::print(stderr, "{}\n", text);
    options.log(Level::info, text);
  };
  const auto board = jobs::make_board(comm, options.log);
  const auto finished = testset::run(comm, config, options, *board);
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    if (line.check) std::cout << line.config << ": no problems found\n";
    if (finished.complete)
      finish(config, finished, earlier);
    else
      std::cout << testset::describe(finished, config);
  });
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

int main(int argc, char** argv) {
  jobs::prepare_environment(argv);
  // Before MPI starts: a usage error must not need a working MPI.
  const auto line = jobs::parse_golden_line(argc, argv, comm::launched_rank() == 0);
  const bool launched = comm::launched_by_mpi();
  std::optional<comm::MpiEnvironment> environment;
  if (launched) environment.emplace(argc, argv);
  auto comm = launched ? comm::mpi_world() : comm::self();
  if (line.version) {
    if (comm.rank() == 0) fmt::print("dream_golden {} (commit {})\n", version::program, version::commit);
    return 0;
  }
  jobs::watch_signals();
  return jobs::guarded(comm, "dream_golden",
                       [&](net::Redactor& redact) { return make_dataset(comm, line, redact); });
}
