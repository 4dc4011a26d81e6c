#include "calls/usage.hpp"

#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::calls;
using std::chrono::microseconds;

BOOST_AUTO_TEST_CASE(quantiles_are_right_to_two_per_cent) {
  Latencies latencies;
  BOOST_TEST(latencies.quantile(0.5) == 0.0);
  for (int i = 1000; i >= 1; --i) latencies.add(microseconds(i * 1000));
  BOOST_TEST(latencies.count() == 1000);
  for (const double share : {0.01, 0.5, 0.95, 1.0}) {
    BOOST_TEST(latencies.quantile(share) >= share);
    BOOST_TEST(latencies.quantile(share) <= share * 1.02 + 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(latencies_of_ranks_add_up_and_take_no_memory) {
  Latencies a;
  Latencies b;
  for (int i = 0; i < 100'000; ++i) {
    a.add(microseconds(200'000 + i));
    b.add(microseconds(0));
  }
  BOOST_TEST(a.buckets().size() < 30U);
  a.add(b.buckets());
  BOOST_TEST(a.count() == 200'000);
  BOOST_TEST(a.quantile(0.25) <= 2e-6);
  BOOST_TEST(a.quantile(0.75) > 0.2);
}
