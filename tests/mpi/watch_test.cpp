#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "comm/peer.hpp"
#include "tests/support/test.hpp"

using dream::comm::Peer;
using dream::comm::Watch;
using namespace std::chrono_literals;

namespace {

/// A process of this host that does nothing.
class Sleeper {
 public:
  Sleeper() {
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    if ((process_ = ::fork()) == 0) {
      const Peer me = dream::comm::this_process();
      if (::write(ends[1], &me, sizeof me) != sizeof me) ::_exit(1);
      for (;;) ::pause();
    }
    BOOST_REQUIRE(::read(ends[0], &peer, sizeof peer) == sizeof peer);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~Sleeper() {
    ::kill(process_, SIGKILL);
    if (!reaped_) ::waitpid(process_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  void stop() const { ::kill(process_, SIGSTOP); }
  bool ends_within(std::chrono::milliseconds time) {
    for (const auto until = std::chrono::steady_clock::now() + time;
         std::chrono::steady_clock::now() < until;) {
      if (::waitpid(process_, nullptr, WNOHANG) == process_) return reaped_ = true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  Peer peer;

 private:
  pid_t process_ = 0;
  bool reaped_ = false;
};

}  // namespace

BOOST_AUTO_TEST_CASE(stopped_processes_are_ended_and_live_ones_are_not) {
  Sleeper first, second, third;
  const std::vector<Peer> peers{dream::comm::this_process(), first.peer, second.peer, third.peer};
  const Watch watch(peers, 0, 100ms);
  BOOST_TEST(!first.ends_within(300ms));
  first.stop();
  second.stop();  // behind a stopped one
  BOOST_TEST(first.ends_within(20s));
  BOOST_TEST(second.ends_within(20s));
  BOOST_TEST(!third.ends_within(300ms));
}

BOOST_AUTO_TEST_CASE(a_process_that_took_over_a_number_is_left_alone) {
  Sleeper sleeper;
  Peer other = sleeper.peer;
  ++other.started;
  dream::comm::end_process(other);
  Peer elsewhere = sleeper.peer;
  elsewhere.host[0] ^= 1;
  dream::comm::end_process(elsewhere);
  BOOST_TEST(!sleeper.ends_within(300ms));
  dream::comm::end_process(sleeper.peer);
  BOOST_TEST(sleeper.ends_within(20s));
}
