#include "sweep/preflight.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>

#include "calls/endpoint.hpp"
#include "device/backend.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using sweep::Findings;
namespace fs = std::filesystem;
namespace test = dream::test;

namespace {

/// A config whose folders are in the case's folder; rank 0 makes the sources.
config::Config make_config(comm::Communicator& comm) {
  const auto folder = test::folder();
  config::Config config;
  config.sweep.state = (folder / "state").string();
  config.corpus.sources = {(folder / "documents").string()};
  config.golden.file = (folder / "golden.csv").string();
  if (comm.rank() == 0) {
    fs::create_directories(folder / "documents");
    std::ofstream(folder / "documents" / "a.txt") << "text";
    std::ofstream(config.golden.file) << "question\n";
  }
  comm.barrier();
  return config;
}

sweep::PreflightOptions quick(const std::string& nonce = "n1") {
  return {.nonce = nonce, .patience = std::chrono::milliseconds(100)};
}

std::vector<sweep::Fault> faults_of(comm::Communicator& comm, const config::Config& config,
                                    const sweep::PreflightOptions& options) {
  try {
    (void)sweep::preflight(comm, comm::gather_hosts(comm), config, options, no_pulse());
  } catch (const sweep::PreflightError& e) {
    BOOST_TEST(e.on_all_ranks);
    return e.faults;
  }
  return {};
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) files.push_back(entry.path());
  }
  return files;
}

Findings findings(int rank, const std::string& host, const std::vector<std::string>& texts,
                  int speaks_for = 1) {
  Findings all{rank, host, {}};
  for (const auto& text : texts) all.entries.push_back({{ExitCode::state, text}, speaks_for});
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(preflight_lets_a_sound_sweep_pass_and_leaves_nothing, *test::ranks({1, 3})) {
  auto comm = test::world();
  const auto config = make_config(comm);
  BOOST_TEST(sweep::preflight(comm, comm::gather_hosts(comm), config, quick(), no_pulse()).empty());
  comm.barrier();
  if (comm.rank() == 0) BOOST_TEST(files_below(config.sweep.state).empty());
}

BOOST_AUTO_TEST_CASE(preflight_of_a_check_makes_nothing, *test::ranks({1, 2})) {
  auto comm = test::world();
  const auto config = make_config(comm);
  auto options = quick();
  options.makes_state = false;
  (void)sweep::preflight(comm, comm::gather_hosts(comm), config, options, no_pulse());
  comm.barrier();
  BOOST_TEST(!fs::exists(config.sweep.state));
}

// Every mistake of a start in one message, the same on all ranks; rank 0 alone reads the golden file.
BOOST_AUTO_TEST_CASE(preflight_names_all_faults_at_once, *test::ranks({1, 3})) {
  auto comm = test::world();
  auto config = make_config(comm);
  config.corpus.sources.push_back((test::folder() / "gone").string());
  config.golden.file = (test::folder() / "gone.csv").string();
  config.space.embedders = {"bert"};
  config.models["bert"] = {
      "bert", "transformer", Params{{"path", (test::folder() / "no_model").string()}}, {}};
  std::string message;
  try {
    (void)sweep::preflight(comm, comm::gather_hosts(comm), config, quick(), no_pulse());
    BOOST_FAIL("nothing was found");
  } catch (const Error& e) {
    BOOST_TEST((e.code == ExitCode::input));
    message = e.what();
  }
  for (const auto* word :
       {"corpus.sources", "gone", "No such file", "golden.file", "models.bert.path", "mount"})
    BOOST_TEST(message.find(word) != std::string::npos, word << " is not in: " << message);
  BOOST_TEST(std::ranges::count(message, '\n') == 3);
  if (comm.size() == 3) {
    BOOST_TEST(message.find("(on all 3 ranks)") != std::string::npos, message);
    BOOST_TEST(message.find("(on 1 of 3 ranks, first: rank 0 on ") != std::string::npos, message);
  }
}

// Each rank here has a state folder of its own, as when a "shared" folder is each host's local disk.
BOOST_AUTO_TEST_CASE(preflight_sees_that_a_state_folder_is_not_shared, *test::ranks({2, 3})) {
  auto comm = test::world();
  auto config = make_config(comm);
  config.sweep.state = (test::folder() / ("state" + std::to_string(comm.rank()))).string();
  fs::create_directories(fs::path(config.sweep.state) / "tmp");
  try {
    (void)sweep::preflight(comm, comm::gather_hosts(comm), config, quick(), no_pulse());
    BOOST_FAIL("nothing was found");
  } catch (const Error& e) {
    BOOST_TEST((e.code == ExitCode::state));
    const std::string message = e.what();
    BOOST_TEST(message.find("do not see the same folder") != std::string::npos, message);
    BOOST_TEST(message.find("first: rank 1") != std::string::npos, message);
  }
  comm.barrier();
  BOOST_TEST(files_below(config.sweep.state).empty());
}

// The same for documents: the path is there on both hosts, and not the same folder.
BOOST_AUTO_TEST_CASE(preflight_sees_that_sources_are_not_shared, *test::ranks({2})) {
  auto comm = test::world();
  auto config = make_config(comm);
  // What the ranks mount at one path differs; here the working folder does.
  const auto own = test::folder() / ("host" + std::to_string(comm.rank()));
  fs::create_directories(own / "documents");
  if (comm.rank() == 0) std::ofstream(own / "documents" / "a.txt") << "text";
  const auto before = fs::current_path();
  fs::current_path(own);
  config.corpus.sources = {"documents"};
  std::string message;
  try {
    (void)sweep::preflight(comm, comm::gather_hosts(comm), config, quick(), no_pulse());
  } catch (const Error& e) {
    message = e.what();
  }
  fs::current_path(before);
  BOOST_TEST(message.find("documents/a.txt") != std::string::npos, message);
  BOOST_TEST(message.find("the hosts do not see the same folder") != std::string::npos, message);
}

BOOST_AUTO_TEST_CASE(preflight_names_owner_mode_and_a_remedy_for_what_may_not_be_used) {
  if (::geteuid() == 0) {
    // Root may do all; as somebody else the same process may not.
    BOOST_REQUIRE(::setegid(65534) == 0 && ::seteuid(65534) == 0);
  }
  auto comm = comm::self();
  config::Config config;
  config.sweep.state = "/proc/1/root/state";
  const auto faults = faults_of(comm, config, quick());
  if (::getuid() == 0) BOOST_REQUIRE(::seteuid(0) == 0 && ::setegid(0) == 0);
  BOOST_REQUIRE(!faults.empty());
  const auto& text = faults.front().text;
  BOOST_TEST((faults.front().code == ExitCode::state));
  for (const auto* word : {"sweep.state = \"/proc/1/root/state", "Permission denied", "is mode", "uid:gid",
                           "this process is", "fsGroup"})
    BOOST_TEST(text.find(word) != std::string::npos, word << " is not in: " << text);
  BOOST_TEST(text.find("777") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_nobody_serves_is_a_fault) {
  auto comm = test::world();
  auto config = make_config(comm);
  config.space.llms = {"large"};
  auto params = defaults_of(calls::openai_kind());
  params.set("base_url", std::string("http://localhost:9/v1"));
  config.models["large"] = {"large", "openai", params, {}};
  const auto faults = faults_of(comm, config, quick());
  BOOST_REQUIRE(faults.size() == 1);
  BOOST_TEST((faults.front().code == ExitCode::endpoint));
  BOOST_TEST(faults.front().text.starts_with("models.large: http://localhost:9/v1/models: "),
             faults.front().text);
}

BOOST_AUTO_TEST_CASE(a_forced_gpu_that_is_not_there_is_a_fault_of_every_rank, *test::ranks({1, 3})) {
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  auto comm = test::world();
  auto config = make_config(comm);
  BOOST_TEST(faults_of(comm, config, quick("n0")).empty());
  config.device.backend = "cuda";
  const auto refused = device::refusal_of_build();
  try {
    (void)sweep::preflight(comm, comm::gather_hosts(comm), config, quick(), no_pulse());
    BOOST_FAIL("nothing was found");
  } catch (const Error& e) {
    const std::string message = e.what();
    BOOST_TEST((e.code == (refused ? ExitCode::config : ExitCode::device)));
    BOOST_TEST(message.find("device.backend = \"cuda\": ") != std::string::npos, message);
    BOOST_TEST(std::ranges::count(message, '\n') == 1, message);  // equal ones are one line
    if (comm.size() == 3) BOOST_TEST(message.find("(on all 3 ranks)") != std::string::npos, message);
  }
}

BOOST_AUTO_TEST_CASE(equal_findings_are_one_line_with_the_number_of_ranks) {
  BOOST_TEST(!sweep::merge_findings({findings(0, "a", {}), findings(1, "b", {})}, 2).has_value());
  std::vector<Findings> all;
  for (int rank = 0; rank < 16; ++rank)
    all.push_back(findings(rank, rank < 2 ? "west" : "east",
                           rank < 2 ? std::vector<std::string>{} : std::vector<std::string>{"x"}));
  all[2].entries.push_back({{ExitCode::endpoint, "y"}, 14});
  const auto error = sweep::merge_findings(all, 16);
  BOOST_REQUIRE(error.has_value());
  BOOST_TEST(error->what() ==
             std::string("not ready to run:\n  x (on 14 of 16 ranks, first: rank 2 on east)\n"
                         "  y (on 14 of 16 ranks, first: rank 2 on east)"));
  BOOST_TEST((error->code == ExitCode::state));
  BOOST_TEST(error->faults.size() == 2);
}

// The best of some tries, since the cores are shared: what it costs when nothing is in the way.
BOOST_AUTO_TEST_CASE(preflight_of_many_ranks_costs_little, *test::ranks({16})) {
  using Clock = std::chrono::steady_clock;
  auto comm = test::world();
  const auto config = make_config(comm);
  auto best = std::chrono::nanoseconds::max();
  for (int attempt = 0; attempt < 5; ++attempt) {
    comm.barrier();
    const auto start = Clock::now();
    (void)sweep::preflight(comm, comm::gather_hosts(comm), config, quick("n" + std::to_string(attempt)),
                           no_pulse());
    best = std::min<std::chrono::nanoseconds>(best, Clock::now() - start);
  }
  const auto slowest = comm.all_reduce(best.count(), comm::Reduce::max) / 1'000'000;
  if (comm.rank() == 0) BOOST_TEST_MESSAGE("preflight of 16 ranks: " << slowest << " ms");
  BOOST_TEST(slowest < 1000);
}
