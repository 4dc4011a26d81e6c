#include "state/claim.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "base/errors.hpp"
#include "base/host.hpp"
#include "tests/support/test.hpp"

namespace fs = std::filesystem;
namespace test = dream::test;
using dream::StateError;
using dream::state::Claim;
using dream::state::ClaimOptions;
using std::chrono::milliseconds;

namespace {

constexpr ClaimOptions quick{milliseconds(50), milliseconds(1000)};

fs::path leave(const std::string& incarnation, const std::string& says) {
  fs::create_directories(test::folder() / "active");
  const auto file = test::folder() / "active" / incarnation;
  std::ofstream(file) << says;
  return file;
}

std::string this_host() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_claim_ends_with_its_holder) {
  {
    const Claim claim(test::folder(), "one", quick);
    BOOST_TEST(fs::exists(test::folder() / "active" / "one"));
  }
  BOOST_TEST(!fs::exists(test::folder() / "active" / "one"));
  const Claim next(test::folder(), "two", quick);
}

BOOST_AUTO_TEST_CASE(a_live_sweep_is_named_and_keeps_its_claim) {
  const Claim claim(test::folder(), "one", quick);
  BOOST_CHECK_EXCEPTION(Claim(test::folder(), "two", quick), StateError, [](const StateError& e) {
    const std::string what = e.what();
    return what.find("one on " + this_host()) != std::string::npos &&
           what.find("process " + std::to_string(::getpid())) != std::string::npos;
  });
  BOOST_TEST(fs::exists(test::folder() / "active" / "one"));
  BOOST_TEST(!fs::exists(test::folder() / "active" / "two"));
}

BOOST_AUTO_TEST_CASE(of_two_sweeps_that_start_together_at_most_one_runs) {
  // Both claims stand before either looks around: each must take the other's beat for life. Both may be
  // refused.
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> holders{0};
    std::atomic<int> most{0};  // Boost's assertions belong to the main thread
    const auto start = [&](const std::string& name) {
      try {
        const Claim claim(test::folder(), name, quick);
        most = std::max(most.load(), ++holders);
        std::this_thread::sleep_for(quick.stale * 2);
        --holders;
      } catch (const StateError&) {
      }
    };
    std::thread one(start, "one");
    std::thread two(start, "two");
    one.join();
    two.join();
    BOOST_TEST(most <= 1);
  }
}

BOOST_AUTO_TEST_CASE(a_claim_of_a_process_that_is_gone_is_dead_at_once) {
  const auto child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const auto file =
      leave("dead", this_host() + " " + std::to_string(child) + " 7 " + dream::process_space() + "\n");
  // Were it watched for its whole age, this would take ten minutes.
  const Claim claim(test::folder(), "next", {milliseconds(50), milliseconds(600000)});
  BOOST_TEST(!fs::exists(file));
}

BOOST_AUTO_TEST_CASE(a_process_of_another_container_on_this_host_is_not_taken_for_gone) {
  const auto child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const auto line = this_host() + " " + std::to_string(child) + " ";
  const auto file = leave("other", line + "7 pid:[1]\n");
  std::thread heart([&] {
    std::this_thread::sleep_for(milliseconds(100));
    leave("other.tmp", line + "8 pid:[1]\n");
    fs::rename(test::folder() / "active" / "other.tmp", file);
  });
  BOOST_CHECK_THROW(Claim(test::folder(), "next", {milliseconds(50), milliseconds(600000)}), StateError);
  heart.join();
}

BOOST_AUTO_TEST_CASE(a_claim_of_another_host_is_dead_when_it_stays_still) {
  const auto file = leave("far", "another-host 1 7\n");
  const Claim claim(test::folder(), "next", quick);
  BOOST_TEST(!fs::exists(file));
}

BOOST_AUTO_TEST_CASE(a_claim_that_is_replaced_is_dead_at_once_and_no_other_is) {
  const auto file = leave("lost", "another-host 1 7\n");
  ClaimOptions options{milliseconds(50), milliseconds(600000)};  // ten minutes, were it watched
  options.replaces = {"before", "lost"};
  {
    const Claim claim(test::folder(), "next", options);
    BOOST_TEST(!fs::exists(file));
    BOOST_TEST(fs::exists(fs::path(file) += ".taken"));  // should it live all the same
  }
  BOOST_TEST(fs::is_empty(test::folder() / "active"));
  const Claim live(test::folder(), "live", quick);
  BOOST_CHECK_THROW(Claim(test::folder(), "next", options), StateError);
}

BOOST_AUTO_TEST_CASE(a_claim_of_another_host_that_beats_is_alive) {
  const auto file = leave("far", "another-host 1 7\n");
  std::thread heart([&] {
    for (int beat = 8; beat < 40; ++beat) {
      std::this_thread::sleep_for(milliseconds(25));
      leave("far.tmp", "another-host 1 " + std::to_string(beat) + "\n");
      fs::rename(test::folder() / "active" / "far.tmp", file);
    }
  });
  BOOST_CHECK_THROW(Claim(test::folder(), "next", {milliseconds(50), milliseconds(600000)}), StateError);
  heart.join();
}

// A stall of the file server: the claim stands still for longer than anybody waits, and its sweep lives.
BOOST_AUTO_TEST_CASE(a_sweep_that_was_taken_for_dead_learns_of_it) {
  const auto file = leave("far.example.org-7", "another-host 1 7\n");
  {
    const Claim next(test::folder(), "next", quick);
    BOOST_TEST(!fs::exists(file));
    BOOST_TEST(fs::exists(fs::path(file) += ".taken"));
    BOOST_CHECK_NO_THROW(next.check());
  }

  // What it was told stays for it, and is in nobody's way: neither watched for ten minutes nor counted.
  {
    const Claim third(test::folder(), "third", {milliseconds(50), milliseconds(600000)});
    BOOST_TEST(dream::state::claims_on(test::folder()).size() == 1);
  }
  BOOST_TEST(fs::exists(fs::path(file) += ".taken"));

  Claim stalled(test::folder(), "stalled", {milliseconds(20), milliseconds(100)});
  BOOST_CHECK_NO_THROW(stalled.check());
  // What another sweep does that saw no beat, while a beat is on its way.
  leave("stalled.taken", "here 1 7\n");
  const auto holds = [&] {
    try {
      stalled.check();
      return true;
    } catch (const StateError& e) {
      BOOST_TEST(std::string(e.what()).find("another sweep has taken it over") != std::string::npos);
      return false;
    }
  };
  for (int i = 0; i < 500 && holds(); ++i) std::this_thread::sleep_for(milliseconds(10));
  BOOST_TEST(!holds());
  BOOST_TEST(!fs::exists(test::folder() / "active" / "stalled"));
  BOOST_TEST(!fs::exists(test::folder() / "active" / "stalled.taken"));
}
