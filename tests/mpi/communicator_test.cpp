#include "comm/communicator.hpp"

#include <map>
#include <numeric>
#include <thread>

#include "comm/agree.hpp"
#include "comm/mpi.hpp"
#include "tests/support/test.hpp"

using dream::comm::Communicator;
using dream::comm::Reduce;
namespace test = dream::test;

namespace {

/// The value that rank r holds at index i: any rank can say what any other must have sent.
std::int64_t value(int r, std::int64_t i) { return 1000 * (r + 1) + i; }

std::vector<std::int64_t> values(int r, std::int64_t n) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < n; ++i) out.push_back(value(r, i));
  return out;
}

/// Every verb, on any communicator.
void check_verbs(Communicator comm) {
  const int me = comm.rank();
  const int n = comm.size();
  for (int root = 0; root < n; ++root) {
    auto data = values(me, 5);
    comm.broadcast(std::span<std::int64_t>(data), root);
    BOOST_TEST(data == values(root, 5), boost::test_tools::per_element());
    dream::Bytes text;
    if (me == root) text.assign(static_cast<std::size_t>(root * 7), 'x');
    comm.broadcast(text, root);
    BOOST_TEST(text.size() == static_cast<std::size_t>(root * 7));
  }
  const auto one = comm.all_gather(value(me, 0));
  for (int r = 0; r < n; ++r) BOOST_TEST(one[static_cast<std::size_t>(r)] == value(r, 0));

  // Uneven and empty: rank r gives 2 * r values, so rank 0 gives none.
  const auto mine = values(me, 2 * me);
  const auto all = comm.all_gather_v(std::span<const std::int64_t>(mine));
  for (int r = 0; r < n; ++r) {
    const auto part = all.from(r);
    BOOST_TEST(std::vector<std::int64_t>(part.begin(), part.end()) == values(r, 2 * r),
               boost::test_tools::per_element());
  }
  const int root = n - 1;
  const auto at_root = comm.gather_v(std::span<const std::int64_t>(mine), root);
  BOOST_TEST(at_root.values.size() == (me == root ? static_cast<std::size_t>(n * (n - 1)) : 0U));

  // Rank r sends (r + to) % 3 values to each rank.
  std::vector<std::int64_t> out;
  std::vector<std::int64_t> counts;
  for (int to = 0; to < n; ++to) {
    const auto piece = values(100 * me + to, (me + to) % 3);
    out.insert(out.end(), piece.begin(), piece.end());
    counts.push_back(std::ssize(piece));
  }
  const auto in =
      comm.all_to_all_v(std::span<const std::int64_t>(out), std::span<const std::int64_t>(counts));
  for (int from = 0; from < n; ++from) {
    const auto part = in.from(from);
    BOOST_TEST(
        std::vector<std::int64_t>(part.begin(), part.end()) == values(100 * from + me, (me + from) % 3),
        boost::test_tools::per_element());
  }
  BOOST_TEST(comm.all_reduce(me + 1, Reduce::sum) == n * (n + 1) / 2);
  BOOST_TEST(comm.all_reduce(me + 1, Reduce::min) == 1);
  BOOST_TEST(comm.all_reduce(me + 1, Reduce::max) == n);

  if (n > 1) {
    const auto around = values(me, 3);
    const dream::Bytes bytes = dream::Packer().put(around).take();
    if (me % 2 == 0) {
      if (me + 1 < n) comm.send(bytes, me + 1);
    } else {
      const auto got = dream::Unpacker(comm.receive(me - 1)).get<std::vector<std::int64_t>>();
      BOOST_TEST(got == values(me - 1, 3), boost::test_tools::per_element());
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(self_has_every_verb) { check_verbs(dream::comm::self()); }

BOOST_AUTO_TEST_CASE(mpi_has_every_verb, *test::ranks({1, 2, 3, 4, 5})) { check_verbs(test::world()); }

BOOST_AUTO_TEST_CASE(what_ranks_post_arrives_at_rank_0, *test::ranks({1, 3})) {
  auto comm = test::world();
  const std::vector<dream::comm::Count> counts{{1, 10}, {2 + comm.rank(), -1}};
  for (int i = 0; i < 3; ++i) comm.post(counts);
  comm.post(std::span(counts).first(1));
  comm.barrier();
  if (comm.rank() != 0) return;
  std::map<std::int64_t, std::int64_t> sums;
  for (int tries = 0; tries < 1000 && sums[1] < 40 * comm.size(); ++tries) {
    for (const auto& [what, more] : comm.collect()) sums[what] += more;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::map<std::int64_t, std::int64_t> expected{{1, 40 * comm.size()}};
  for (int r = 0; r < comm.size(); ++r) expected[2 + r] = -3;
  BOOST_TEST((sums == expected));
  BOOST_TEST(comm.collect().empty());
}

BOOST_AUTO_TEST_CASE(large_payloads_travel_in_pieces, *test::ranks({2, 3})) {
  // Pieces of 16 bytes: every payload above takes several.
  check_verbs(dream::comm::mpi_world({.piece_bytes = 16}));
}

namespace {

dream::comm::Communicator impatient_world() {
  return dream::comm::mpi_world(
      {.silence = std::chrono::milliseconds(1500), .beat = std::chrono::milliseconds(50)});
}

/// What this rank's wait for rank 1 ended with.
std::string wait_for_rank_1(dream::comm::Communicator& comm) {
  try {
    (void)comm.receive(1);
    return "";
  } catch (const dream::CommError& error) {
    return error.what();
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_rank_without_a_sign_of_life_ends_the_wait, *test::ranks({2, 3})) {
  auto comm = impatient_world();
  if (comm.rank() == 1) {
    std::this_thread::sleep_for(std::chrono::seconds(3));  // neither pulse nor wait
  }
  if (comm.rank() == 0) {
    const auto message = wait_for_rank_1(comm);
    BOOST_TEST(message.find("rank 1 has shown no life for ") != std::string::npos, message);
  }
  dream::test::world().barrier();
}

BOOST_AUTO_TEST_CASE(a_rank_that_computes_with_pulses_is_waited_for, *test::ranks({2, 3})) {
  auto comm = impatient_world();
  dream::comm::agree(comm, [&] {
    if (comm.rank() != 1) return;
    const auto pulse = dream::comm::pulse_of(comm);
    for (int i = 0; i < 60; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      pulse();
    }
  });
  BOOST_TEST(comm.all_reduce(1, dream::comm::Reduce::sum) == comm.size());
}
