// The program that makes a golden dataset: every rank starts here, and rank 0 writes the files.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>
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
#include "jobs/s3.hpp"
#include "report/outputs.hpp"
#include "storage/file_or_object.hpp"
#include "storage/folder.hpp"
#include "storage/url.hpp"
#include "testset/tables.hpp"

namespace {

using namespace dream;

/// Where the dataset and its review lie: files, or objects of S3.
struct Places {
  std::string golden;
  std::string review;
  storage::Service* s3;
  Pulse pulse;

  [[nodiscard]] std::optional<std::string> read(const std::string& place) const {
    return storage::read_if_there(place, s3, pulse);
  }
  /// One of other bytes that was there is kept as <place>.old.
  void replace(const std::string& place, const std::string& bytes) const {
    if (auto before = read(place)) {
      if (*before == bytes) return;
      storage::write_whole(place + ".old", std::move(*before), s3, pulse);
      std::cout << place << " was there with other rows and is kept as " << place << ".old\n";
    }
    storage::write_whole(place, bytes, s3, pulse);
  }
};

Places places_of(const config::Config& config, storage::Service* s3, const Pulse& pulse) {
  const auto& golden = config.golden;
  return {golden.file, golden.review.empty() ? golden::review_beside(golden.file).string() : golden.review,
          s3, pulse};
}

/// A golden file that people wrote must not be lost to one that a model writes.
void check_golden_file(const config::Config& config, const Places& places) {
  const auto before = places.read(places.golden);
  if (!before || before->starts_with(testset::golden_header())) return;
  throw ConfigError(
      fmt::format("{}: golden.file = \"{}\" is there and was not written by dream_golden (its header is "
                  "another one); name a new file",
                  config.file, config.golden.file));
}

golden::Review earlier_review(const Places& places) {
  const auto bytes = places.read(places.review);
  return bytes ? golden::parse_review(*bytes, places.review) : golden::Review();
}

/// The digest that a sweep with these questions has in its manifest.
std::string digest_of(const std::string& golden_csv, const std::string& file) {
  std::vector<Digest> digests;
  for (const auto& question : golden::parse(golden_csv, file))
    digests.push_back(golden::digest_of(std::span(&question, 1)));
  return sweep::digest_of_questions(digests).hex();
}

void finish(const config::Config& config, const testset::Finished& finished, const Places& places,
            const golden::Review& earlier) {
  const std::filesystem::path output = config::output_folder(config);
  const bool any = !finished.harvest.rows.empty();
  const auto dataset = testset::golden_csv(finished);
  const auto digest = any ? digest_of(dataset, config.golden.file) : "";
  write_file(output / "testset.csv", testset::summary_csv(finished, digest));
  write_file(output / "testset_dropped.csv", testset::dropped_csv(finished));
  write_file(output / "testset_calls.csv", testset::calls_csv(finished));
  if (storage::is_url(config.sweep.output)) {
    storage::put_folder(*places.s3, output, storage::parse_url(config.sweep.output), "testset.csv",
                        places.pulse);
  }
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
  places.replace(places.golden, dataset);
  places.replace(places.review, testset::review_csv(finished, earlier));
  std::cout << "the dataset is " << config.golden.file << " (digest " << digest
            << "); write accept or reject into " << places.review
            << "\ntestset.csv, testset_dropped.csv and testset_calls.csv are in " << config.sweep.output
            << "\n";
}

int make_dataset(comm::Communicator& comm, jobs::Job& job, const jobs::GoldenLine& line,
                 net::Redactor& redact) {
  const auto config = jobs::load_config(comm, job);
  redact = jobs::secrets_of(config);
  std::unique_ptr<storage::Service> s3;
  if (config::uses_s3(config)) s3 = jobs::open_s3(comm, jobs::s3_settings(config.s3), redact);
  testset::RunOptions options;
  options.s3 = s3.get();
  options.plan_only = line.plan || line.check;
  options.check_endpoint = line.check;
  options.stop = jobs::stop_in_time(config, job);
  const auto places = places_of(config, s3.get(), comm::pulse_of(comm, options.stop));
  golden::Review earlier;
  comm::agree(comm, [&] {  // what would not be written is told before it is paid for
    if (comm.rank() != 0) return;
    check_golden_file(config, places);
    earlier = earlier_review(places);
    if (line.plan) return;
    report::prepare_output(config);
    if (storage::is_url(config.sweep.output))
      storage::prove_writable(*s3, storage::parse_url(config.sweep.output), places.pulse);
  });
  if (!options.plan_only) options.log = jobs::start_log(comm, config, "testset.log", redact);
  if (!options.plan_only) jobs::say_first_words(comm, config, job, options.log);
  jobs::check_ranks(comm, config, job);
  options.replaces = job.incarnations;
  options.incarnation = jobs::name_run(comm, job);
  options.note = [&options](const std::string& text) {
    fmt::print(stderr, "{}\n", text);
    options.log(Level::info, text);
  };
  const auto board = jobs::make_board(comm, config, options.log);
  const auto finished = testset::run(comm, config, options, *board);
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    if (line.check) std::cout << line.config << ": no problems found\n";
    if (finished.complete)
      finish(config, finished, places, earlier);
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
  auto comm = launched ? comm::mpi_world({.stopped = line.stopped_limit}) : comm::self();
  if (line.version) {
    if (comm.rank() == 0) fmt::print("dream_golden {} (commit {})\n", version::program, version::commit);
    return 0;
  }
  jobs::watch_signals();
  return jobs::run_to_the_end(std::move(comm), "dream_golden", line,
                              [&](comm::Communicator& group, jobs::Job& job, net::Redactor& redact) {
                                return make_dataset(group, job, line, redact);
                              });
}
