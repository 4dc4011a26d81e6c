// Reads a golden file as a sweep does and prints what came of it and what each rank needed: its largest share
// of memory (PSS, looked at every 20 ms), and what it held before and after. tests/e2e/golden_blocks.py
// checks it.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>

#include "base/errors.hpp"
#include "comm/mpi.hpp"
#include "config/config.hpp"
#include "sweep/inputs/questions.hpp"
#include "sweep/plan.hpp"

namespace {

using namespace dream;

std::int64_t pss_kib() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;) {
    if (word != "Pss:") continue;
    std::int64_t kib = 0;
    file >> kib;
    return kib;
  }
  return 0;
}

class Peak {
 public:
  Peak() : watcher_([this] { watch(); }) {}
  std::int64_t stop() {
    done_ = true;
    watcher_.join();
    return most_;
  }

 private:
  void watch() {
    while (!done_) {
      most_ = std::max(most_, pss_kib());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::atomic<bool> done_ = false;
  std::int64_t most_ = 0;
  std::thread watcher_;
};

void measure(comm::Communicator& comm, const std::string& file) {
  std::optional<storage::Service> s3;
  if (file.starts_with("s3://")) {
    storage::Settings settings;
    settings.environment = storage::relevant(config::environment(""));
    settings = storage::resolved(settings);
    s3.emplace(settings, storage::find_credentials(settings, no_pulse()));
  }
  config::Golden golden;
  golden.file = file;
  const auto before = pss_kib();
  Peak peak;
  const auto begin = std::chrono::steady_clock::now();
  const auto questions = sweep::load_questions(comm, golden, s3 ? &*s3 : nullptr, no_pulse());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto most = comm.all_gather(peak.stop());
  const auto held = comm.all_gather(pss_kib());
  const auto first = comm.all_gather(before);
  const auto same = comm.all_gather(sweep::digest_of_questions(questions.digests));
  if (comm.rank() != 0) return;
  fmt::print("{} questions {} {:.2f} seconds\n", questions.list.size(), same.front().hex(), took.count());
  for (std::size_t rank = 0; rank < most.size(); ++rank) {
    fmt::print("rank {}: PSS {} KiB before, {} at most, {} after{}\n", rank, first[rank], most[rank],
               held[rank], same[rank] == same.front() ? "" : ", and OTHER questions");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: golden_bench FILE|s3://BUCKET/KEY\n";
    return 2;
  }
  const bool launched = comm::launched_by_mpi();
  std::optional<comm::MpiEnvironment> environment;
  if (launched) environment.emplace(argc, argv);
  try {
    auto comm = launched ? comm::mpi_world() : comm::self();
    measure(comm, argv[1]);
  } catch (const Error& e) {
    std::cerr << "golden_bench: " << e.what() << "\n";
    return static_cast<int>(e.code);
  }
  return 0;
}
