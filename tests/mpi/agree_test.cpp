#include "comm/agree.hpp"

#include <chrono>
#include <thread>

#include "tests/support/test.hpp"

using dream::comm::agree;
using dream::comm::RemoteError;
namespace test = dream::test;

BOOST_AUTO_TEST_CASE(agree_returns_when_all_are_well, *test::ranks({1, 2, 3})) {
  auto comm = test::world();
  int ran = 0;
  agree(comm, [&] { ++ran; });
  BOOST_TEST(ran == 1);
}

BOOST_AUTO_TEST_CASE(every_rank_throws_the_lowest_failure, *test::ranks({2, 3, 4})) {
  auto comm = test::world();
  const int first = 1;
  try {
    agree(comm, [&] {
      if (comm.rank() >= first) throw dream::CorpusError("a.pdf", comm.rank(), "no text");
    });
    BOOST_FAIL("nobody threw");
  } catch (const RemoteError& e) {
    BOOST_TEST(comm.rank() != first);
    BOOST_TEST(e.rank == first);
    BOOST_TEST(std::string(e.what()) == "a.pdf: page 1: no text");
    BOOST_TEST((e.code == dream::ExitCode::input));
  } catch (const dream::CorpusError& e) {
    BOOST_TEST(comm.rank() == first);
    BOOST_TEST(e.page == 1);
  }
  agree(comm, [] {});  // and the group still works
}

BOOST_AUTO_TEST_CASE(a_failure_interrupts_long_work_elsewhere, *test::ranks({2, 3})) {
  using clock = std::chrono::steady_clock;
  auto comm = test::world();
  for (int round = 0; round < 3; ++round) {
    const auto start = clock::now();
    const auto pulse = dream::comm::pulse_of(comm);
    BOOST_CHECK_THROW(agree(comm,
                            [&] {
                              if (comm.rank() == comm.size() - 1) throw dream::InternalError("broken");
                              for (int i = 0; i < 2000; ++i) {  // twenty seconds of work, unless interrupted
                                std::this_thread::sleep_for(std::chrono::milliseconds(10));
                                pulse();
                              }
                            }),
                      dream::Error);
    BOOST_TEST((clock::now() - start < std::chrono::seconds(10)));
  }
  // No alarm of the past is heard in what follows.
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    BOOST_TEST(!comm.alarmed());
  }
}
