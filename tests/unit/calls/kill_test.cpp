#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "base/errors.hpp"
#include "calls/call_store.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::calls;

namespace {

CallRecord record(int round, int i) {
  const auto name = std::to_string(round) + "/" + std::to_string(i);
  return {digest_of(name), "m", 200, name + std::string(static_cast<std::size_t>((i * 7919) % 30'000), 'x')};
}

/// Writes until it is killed, and tells how many replies it has committed.
[[noreturn]] void write_for_ever(const std::filesystem::path& folder, int round, int tell) {
  CallStore store(folder, {}, "round" + std::to_string(round), 0);
  for (int i = 0;; ++i) {
    store.append(record(round, i));
    if (i % 5 != 4) continue;
    store.commit();
    const int committed = i + 1;
    if (::write(tell, &committed, sizeof committed) != sizeof committed) ::_exit(1);
  }
}

/// Kills a writer after a while; returns what it said last.
int committed_before_the_kill(const std::filesystem::path& folder, int round,
                              std::chrono::microseconds after) {
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  const auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) write_for_ever(folder, round, ends[1]);
  ::close(ends[1]);
  // It must have begun: a kill before the first commit shows nothing.
  int committed = 0;
  BOOST_REQUIRE(::read(ends[0], &committed, sizeof committed) == sizeof committed);
  // The pipe is drained meanwhile, so that the writer never waits for us.
  const auto end = std::chrono::steady_clock::now() + after;
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  int said = 0;
  while (std::chrono::steady_clock::now() < end) {
    while (::read(ends[0], &said, sizeof said) == sizeof said) committed = said;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(ends[0], &said, sizeof said) == sizeof said) committed = said;
  ::close(ends[0]);
  return committed;
}

}  // namespace

BOOST_AUTO_TEST_CASE(thirty_kills_lose_no_committed_reply) {
  const auto folder = test::folder() / "calls";
  std::mt19937 random(17);
  std::vector<int> committed;
  std::int64_t torn = 0;
  for (int round = 0; round < 30; ++round) {
    const std::chrono::microseconds after(std::uniform_int_distribution<int>(0, 15'000)(random));
    committed.push_back(committed_before_the_kill(folder, round, after));
    if (round % 3 == 2) torn += seal(folder, no_log(), no_pulse()).torn_journals;
  }
  const CallStore store(folder, seal(folder, no_log(), no_pulse()).segments, "reader", 0);
  std::int64_t all = 0;
  for (int round = 0; round < 30; ++round) {
    const auto sure = committed[static_cast<std::size_t>(round)];
    all += sure;
    for (int i = 0; i < sure; ++i)
      BOOST_REQUIRE((store.find(record(round, i).key).value() == record(round, i)));
    // A group that was written but not yet told of may be there, whole records only.
    for (int i = sure; i < sure + 10; ++i) {
      const auto found = store.find(record(round, i).key);
      if (found) BOOST_REQUIRE((*found == record(round, i)));
    }
  }
  BOOST_TEST(store.sealed_calls() >= all);
  BOOST_TEST_MESSAGE(all << " committed replies, " << torn << " torn journals");
}
