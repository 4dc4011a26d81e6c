#include "sweep/threads.hpp"

#include <cstdlib>

#include "tests/support/test.hpp"

using namespace dream;

BOOST_AUTO_TEST_CASE(readers_take_at_most_half_of_what_a_rank_may_have) {
  constexpr std::int64_t gib = std::int64_t{1} << 30;
  config::Corpus corpus;
  corpus.reader_memory_mb = 1024;
  BOOST_TEST(sweep::reader_megabytes(corpus, 0) == 1024);  // no limit is set
  BOOST_TEST(sweep::reader_megabytes(corpus, 64 * gib) == 1024);
  BOOST_TEST(sweep::reader_megabytes(corpus, 2 * gib) == 1024);
  BOOST_TEST(sweep::reader_megabytes(corpus, gib) == 512);
  corpus.readers_per_rank = 2;
  BOOST_TEST(sweep::reader_megabytes(corpus, 2 * gib) == 512);
  BOOST_TEST(sweep::reader_megabytes(corpus, gib / 8) == 256);  // what a reader needs to start
  corpus.reader_memory_mb = 100;
  BOOST_TEST(sweep::reader_megabytes(corpus, gib / 8) == 100);  // the config's word is never exceeded
}

BOOST_AUTO_TEST_CASE(threads_are_a_ranks_share_of_the_cores) {
  config::Device device;
  ::setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "1", 1);
  BOOST_TEST(sweep::threads_for_this_rank(device) == sweep::cores_here());
  ::setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "100000", 1);
  BOOST_TEST(sweep::threads_for_this_rank(device) == 1);
  device.threads = 7;
  BOOST_TEST(sweep::threads_for_this_rank(device) == 7);
  ::unsetenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  ::setenv("SLURM_STEP_TASKS_PER_NODE", "2(x3),1", 1);
  BOOST_TEST(sweep::ranks_here() == 2);
  ::unsetenv("SLURM_STEP_TASKS_PER_NODE");
}
