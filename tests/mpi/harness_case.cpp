// Not a test of anything but the harness: each case fails on rank 1 alone. harness_goes_red.cmake runs them.
#include "tests/support/test.hpp"

BOOST_AUTO_TEST_CASE(fails_on_rank_1, *dream::test::ranks({3})) {
  BOOST_TEST(dream::test::world().rank() != 1);
}

BOOST_AUTO_TEST_CASE(leaves_a_collective_on_rank_1, *dream::test::ranks({3})) {
  auto comm = dream::test::world();
  BOOST_REQUIRE(comm.rank() != 1);
  comm.barrier();
  comm.barrier();
}
