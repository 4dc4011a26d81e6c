#include "sweep/pace.hpp"

#include "tests/support/test.hpp"

using namespace dream;
using sweep::Done;
using sweep::speeds_of;
namespace test = dream::test;

namespace {

std::vector<double> speeds(const std::vector<Done>& done, const std::vector<double>& before = {}) {
  return speeds_of(done, before);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_worker_is_as_fast_as_its_work_beside_the_one_in_the_middle) {
  const std::vector<double> expected{1, 1, 0.5, 2, 1};
  BOOST_TEST(speeds({{100, 10}, {105, 10}, {50, 10}, {200, 10}, {10, 1}}) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(usual_differences_say_nothing) {
  const std::vector<double> expected{1, 1, 1};
  BOOST_TEST(speeds({{95, 1}, {100, 1}, {108, 1}}) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(little_work_says_nothing) {
  BOOST_TEST(speeds({{1, 0.1}, {100, 0.1}, {5, 0.4}}).empty());
  const std::vector<double> before{1, 0.5, 1};
  BOOST_TEST(speeds({{1, 0.1}, {100, 0.1}, {5, 0.4}}, before) == before, boost::test_tools::per_element());
  // One that had nothing to do keeps what it had; the others are judged.
  const std::vector<double> expected{1, 0.5, 1};
  BOOST_TEST(speeds({{100, 1}, {0, 0}, {100, 1}}, before) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_speed_is_never_zero) {
  BOOST_TEST(speeds({{100, 1}, {0.001, 1}, {100, 1}}).at(1) > 0);
}

BOOST_AUTO_TEST_CASE(ranks_agree_on_the_speeds_of_workers, *test::ranks({1, 2, 3, 4})) {
  auto comm = test::world();
  const sweep::Workers workers{comm.size() > 2 ? 1 : 0, comm.size() > 2 ? comm.size() - 1 : comm.size()};
  const auto slow = comm.rank() == comm.size() - 1;
  sweep::Pace pace;
  BOOST_TEST(pace.speeds().empty());
  for (int i = 0; i < 3; ++i) pace.share(comm, workers, "chunk", {slow ? 5. : 10., 0.2});
  BOOST_REQUIRE(std::ssize(pace.speeds()) == workers.count);
  if (workers.count == 3) {
    BOOST_TEST(pace.speeds()[0] == 1);
    BOOST_TEST(pace.speeds()[2] == 0.5);
  }
  // What is too little of one kind is not added to another.
  const std::vector<double> known(pace.speeds().begin(), pace.speeds().end());
  pace.share(comm, workers, "embed", {slow ? 1000. : 10., 0.4});
  pace.share(comm, workers, "index", {slow ? 1000. : 10., 0.4});
  BOOST_TEST(pace.speeds() == known, boost::test_tools::per_element());
}
