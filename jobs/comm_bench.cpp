// Measures the collectives that a sweep uses, over MPI and over NCCL, and checks every byte that arrives.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>

#include "base/file.hpp"
#include "comm/agree.hpp"
#include "comm/mpi.hpp"
#include "jobs/comm_ways.hpp"
#include "jobs/environment.hpp"
#include "jobs/guarded.hpp"
#include "jobs/parse_or_exit.hpp"

namespace {

using namespace dream;
using jobs::Verb;
using jobs::Way;

struct CommandLine {
  std::vector<std::string> over{"mpi", "nccl"};
  bool over_is_asked = false;
  std::vector<std::string> verbs;
  std::int64_t from = 1 << 10;
  std::int64_t to = 64 << 20;
  std::int64_t factor = 4;
  int repetitions = 5;
  std::uint64_t seed = 17;
  std::string csv;
};

CommandLine parse_command_line(int argc, char** argv, bool prints) {
  CommandLine line;
  CLI::App app{"Times broadcast, all_gather_v, all_to_all_v and all_reduce over MPI and NCCL.", "comm_bench"};
  std::vector<std::string> verbs;
  for (const auto verb : jobs::all_verbs) verbs.emplace_back(name_of(verb));
  auto* over = app.add_option("--over", line.over, "mpi, nccl; without it NCCL where it can be")
                   ->delimiter(',')
                   ->check(CLI::IsMember({"mpi", "nccl"}));
  app.add_option("--verbs", line.verbs, "Which of them")->delimiter(',')->check(CLI::IsMember(verbs));
  app.add_option("--from", line.from, "The smallest size")->transform(CLI::AsSizeValue(false));
  app.add_option("--to", line.to, "The largest size")->transform(CLI::AsSizeValue(false));
  app.add_option("--factor", line.factor, "From a size to the next")->check(CLI::Range(2, 1024));
  app.add_option("--repetitions", line.repetitions, "Timed calls of each")->check(CLI::Range(1, 10000));
  app.add_option("--seed", line.seed, "Of the words that travel");
  app.add_option("--csv", line.csv, "Writes the table to a file too")->type_name("FILE");
  jobs::parse_or_exit(app, argc, argv, prints, [] {});
  line.over_is_asked = over->count() > 0;
  if (line.verbs.empty()) line.verbs = verbs;
  line.from = std::max(line.from, jobs::word_bytes);  // nothing is smaller than a word
  return line;
}

struct Row {
  std::string over;
  Verb verb;
  int ranks = 1;
  std::int64_t bytes = 0;
  double seconds = 0;  ///< of a call: median of the repetitions, each as long as its slowest rank
  bool exact = false;  ///< on all ranks

  [[nodiscard]] double algorithm() const { return static_cast<double>(bytes) / seconds / 1e9; }
  [[nodiscard]] double factor() const { return bus_factor(verb, ranks); }
};

double time_of(comm::Communicator& comm, Way& way) {
  comm.barrier();
  const auto start = std::chrono::steady_clock::now();
  way.run();
  const auto took = std::chrono::steady_clock::now() - start;
  const std::int64_t nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count();
  return static_cast<double>(std::max<std::int64_t>(1, comm.all_reduce(nanoseconds, comm::Reduce::max))) *
         1e-9;
}

Row measure(comm::Communicator& comm, Way& way, Verb verb, std::int64_t bytes, const CommandLine& line) {
  Row row{.over = way.name(), .verb = verb, .ranks = comm.size()};
  std::uint64_t expected = 0;
  comm::agree(comm, [&] {  // memory of a host or a GPU may not suffice on one rank
    auto load = make_load(verb, comm.rank(), comm.size(), bytes, line.seed);
    row.bytes = load.bytes;
    expected = load.expected;
    way.take(std::move(load));
  });
  way.run();  // buffers are touched and connections made before the clock runs
  std::vector<double> times;
  for (int i = 0; i < line.repetitions; ++i) times.push_back(time_of(comm, way));
  std::ranges::nth_element(times, times.begin() + std::ssize(times) / 2);
  row.seconds = times[times.size() / 2];
  const bool exact = jobs::checksum(way.arrived()) == expected;
  row.exact = comm.all_reduce(exact ? 1 : 0, comm::Reduce::min) == 1;
  return row;
}

/// The ways that were asked for. NCCL that cannot be is an error only where it was asked for by name.
std::vector<std::unique_ptr<Way>> ways_of(comm::Communicator& comm, const CommandLine& line) {
  std::vector<std::unique_ptr<Way>> ways;
  const auto asked = [&](const char* name) { return std::ranges::find(line.over, name) != line.over.end(); };
  if (asked("mpi")) ways.push_back(jobs::over_mpi(comm));
  if (!asked("nccl")) return ways;
  const auto ground = comm::find_nccl(comm);
  if (!ground.choice.nccl) {
    comm::agree(comm, [&] {
      if (line.over_is_asked) throw Error(ExitCode::device, "--over nccl cannot be: " + ground.choice.reason);
    });
    if (comm.rank() == 0) fmt::print("# without NCCL: {}\n", ground.choice.reason);
    return ways;
  }
  if (comm.rank() == 0) fmt::print("# {}\n", ground.choice.reason);
  ways.push_back(jobs::over_nccl(comm, ground));
  comm::ExchangeOptions forced;
  forced.wish = "nccl";
  ways.push_back(jobs::staged(comm::open_vector_exchange(comm, forced, no_log())));
  return ways;
}

void print(const Row& row) {
  fmt::print("{:<12} {:<12} {:>5} {:>12} {:>12.1f} {:>12.3f} {:>7.3f} {:>12.3f} {:>6}\n", row.over,
             name_of(row.verb), row.ranks, row.bytes, row.seconds * 1e6, row.algorithm(), row.factor(),
             row.algorithm() * row.factor(), row.exact ? "yes" : "NO");
}

std::string csv_of(const std::vector<Row>& rows) {
  std::string text = "over,verb,ranks,bytes,seconds,algorithm_gb_per_s,factor,bus_gb_per_s,exact\n";
  for (const auto& row : rows) {
    text += fmt::format("\"{}\",{},{},{},{:.9f},{:.6f},{:.6f},{:.6f},{}\n", row.over, name_of(row.verb),
                        row.ranks, row.bytes, row.seconds, row.algorithm(), row.factor(),
                        row.algorithm() * row.factor(), row.exact ? "true" : "false");
  }
  return text;
}

int run(comm::Communicator& comm, const CommandLine& line) {
  const auto ways = ways_of(comm, line);
  const bool tells = comm.rank() == 0;
  if (tells) {
    fmt::print("{:<12} {:<12} {:>5} {:>12} {:>12} {:>12} {:>7} {:>12} {:>6}\n", "over", "verb", "ranks",
               "bytes", "us", "alg GB/s", "factor", "bus GB/s", "exact");
  }
  std::vector<Row> rows;
  for (const auto& way : ways) {
    for (const auto verb : jobs::all_verbs) {
      if (!way->has(verb) || std::ranges::find(line.verbs, name_of(verb)) == line.verbs.end()) continue;
      for (auto bytes = line.from; bytes <= line.to; bytes *= line.factor) {
        rows.push_back(measure(comm, *way, verb, bytes, line));
        if (tells) print(rows.back());
      }
    }
  }
  comm::agree(comm, [&] {
    if (tells && !line.csv.empty()) write_file(line.csv, csv_of(rows));
    if (!std::ranges::all_of(rows, &Row::exact))
      throw InternalError("what arrived is not what was sent: see the rows that are not exact");
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  jobs::prepare_environment(argv);
  const auto line = parse_command_line(argc, argv, comm::launched_rank() == 0);
  const bool launched = comm::launched_by_mpi();
  std::optional<comm::MpiEnvironment> environment;
  if (launched) environment.emplace(argc, argv);
  auto comm = launched ? comm::mpi_world() : comm::self();
  return jobs::guarded(
      comm, "comm_bench", [&] { return run(comm, line); }, [](const std::string& text) { return text; });
}
