#include <unistd.h>

#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "comm/mpi.hpp"
#include "tests/support/test.hpp"

namespace fs = std::filesystem;
namespace ut = boost::unit_test;

namespace dream::test {
namespace {

/// What main() sets up once and the cases read.
struct Kit {
  std::optional<comm::Communicator> world;
  fs::path folder;
};

Kit& kit() {
  static Kit the_kit;
  return the_kit;
}

/// Skipping ends the program: one CTest entry is one case.
struct Skip {
  std::string reason;
};

class Lister : public ut::test_tree_visitor {
  void visit(const ut::test_case& test) override {
    std::string numbers = "0";
    std::string labels;
    auto take = [&](const std::vector<std::string>& list) {
      for (const auto& label : list) {
        if (label.rfind("ranks=", 0) == 0)
          numbers = label.substr(6);
        else
          labels += (labels.empty() ? "" : ",") + label;
      }
    };
    take(test.p_labels.get());
    std::cout << test.full_name() << '\t' << numbers << '\t' << labels << '\n';
  }
};

bool init() { return true; }

int list_cases(char* program) {
  char* argv[] = {program, nullptr};
  ut::framework::init(&init, 1, argv);
  ut::framework::finalize_setup_phase();
  Lister lister;
  ut::traverse_test_tree(ut::framework::master_test_suite().p_id, lister, true);
  return 0;
}

fs::path make_folder(comm::Communicator& world) {
  Bytes name;
  if (world.rank() == 0) {
    auto pattern = (fs::temp_directory_path() / "dream_test_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    name.assign(pattern.begin(), pattern.end());
  }
  world.broadcast(name, 0);
  return std::string(name.begin(), name.end());
}

/// The result of all ranks, agreed once, after the case, on a communicator that no case can touch. A rank
/// whose case failed may have left the others inside a collective that it will never join; so it waits
/// briefly, and then its end makes mpirun end them all.
int agree_on(comm::Communicator& after_case, int result) {
  if (after_case.size() == 1) return result;
  if (result != 0) {
    std::cerr << "rank " << after_case.rank() << " of " << after_case.size() << ": the case failed here\n"
              << std::flush;
  }
  std::atomic<bool> agreed{false};
  std::thread guard([&] {
    for (int tenth = 0; result == 0 || tenth < 50; ++tenth) {
      if (agreed) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(result == 0 ? 1 : 100));
    }
    std::_Exit(1);
  });
  const auto worst = static_cast<int>(after_case.all_reduce(result, comm::Reduce::max));
  agreed = true;
  guard.join();
  return worst;
}

int run(int argc, char** argv) {
  auto& the = kit();
  const bool launched = comm::launched_by_mpi();
  std::unique_ptr<comm::MpiEnvironment> environment;
  if (launched) environment = std::make_unique<comm::MpiEnvironment>(argc, argv);
  the.world = launched ? comm::mpi_world() : comm::self();
  the.folder = make_folder(*the.world);
  auto after_case = launched ? comm::mpi_world() : comm::self();
  const int result = agree_on(after_case, ut::unit_test_main(&init, argc, argv));
  if (result == 0 && the.world->rank() == 0) fs::remove_all(the.folder);
  the.world.reset();
  return result;
}

fs::path from_environment(const char* name, const fs::path& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? fs::path(value) : otherwise;
}

}  // namespace

ranks::ranks(std::initializer_list<int> numbers) : label_("ranks=") {
  for (int n : numbers) label_ += (label_.back() == '=' ? "" : ",") + std::to_string(n);
}
void ranks::apply(ut::test_unit& unit) { unit.add_label(label_); }
ut::decorator::base_ptr ranks::clone() const { return ut::decorator::base_ptr(new ranks(*this)); }

comm::Communicator world() { return kit().world.value(); }
fs::path folder() { return kit().folder; }
fs::path source() { return DREAM_SOURCE_FOLDER; }
fs::path data() { return source() / "tests" / "data"; }
fs::path programs() { return DREAM_PROGRAM_FOLDER; }

fs::path realdata() {
  const auto path = from_environment("DREAM_REALDATA", source().parent_path() / "shared" / "data");
  if (!fs::exists(path / "squad"))
    skip("real documents are not at " + path.string() + " (set DREAM_REALDATA)");
  return path;
}

fs::path minilm() {
  const auto path = from_environment("DREAM_MODELS", source() / "models") / "all-MiniLM-L6-v2";
  if (!fs::exists(path / "config.json"))
    skip("no model at " + path.string() + " (bash jobs/fetch_minilm.sh brings it)");
  return path;
}

void skip(const std::string& reason) {
  std::cout << "SKIPPED: " << reason << std::endl;
  // All ranks of a case see the same files, so all of them leave here; nothing of the case has begun.
  std::_Exit(77);
}

}  // namespace dream::test

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "--list_cases") return dream::test::list_cases(argv[0]);
  return dream::test::run(argc, argv);
}
