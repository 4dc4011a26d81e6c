#include "comm/nccl.hpp"

#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

#include "base/errors.hpp"
#include "tests/mpi/stand_in.hpp"

using namespace dream;
using namespace std::chrono_literals;
using comm::DeviceBuffer;
using comm::Nccl;
using test::ranks;

namespace {

constexpr std::int64_t gib = std::int64_t{1} << 30;

/// The byte that rank `from` means for rank `to` at place i: any rank can say what any other must have sent.
char value(int from, int to, std::int64_t i) { return static_cast<char>(31 * from + 7 * to + 3 * i + 1); }

std::string values(int from, int to, std::int64_t n) {
  std::string out;
  for (std::int64_t i = 0; i < n; ++i) out += value(from, to, i);
  return out;
}

/// A communicator over the stand-in, and the way to a GPU's memory and back.
struct Bench {
  explicit Bench(const comm::NcclOptions& options = {})
      : world(test::world()),
        gpu(test::gpu_of(world.rank())),
        control(test::control(gpu->calls())),
        nccl(world, gpu, options) {}

  DeviceBuffer up(const std::string& text) {
    DeviceBuffer buffer(gpu, std::ssize(text));
    gpu->copy_in(buffer.span(), text.data());
    nccl.finish();
    return buffer;
  }
  std::string down(const DeviceBuffer& buffer) {
    std::string text(static_cast<std::size_t>(buffer.span().bytes), '?');
    gpu->copy_out(text.data(), buffer.span());
    nccl.finish();
    return text;
  }

  comm::Communicator world;
  std::shared_ptr<const comm::Gpu> gpu;
  stand_in::Control& control;
  Nccl nccl;
};

void check_gather(Bench& bench, const std::vector<std::int64_t>& counts) {
  const int me = bench.nccl.rank();
  std::string expected;
  for (int r = 0; r < bench.nccl.size(); ++r) expected += values(r, 0, counts[static_cast<std::size_t>(r)]);
  const auto mine = bench.up(values(me, 0, counts[static_cast<std::size_t>(me)]));
  const DeviceBuffer all(bench.gpu, std::ssize(expected));
  bench.nccl.all_gather_v(mine.span(), counts, all.span());
  BOOST_TEST((bench.down(all) == expected));
}

/// counts_of(from, to): bytes.
template <class CountsOf>
void check_exchange(Bench& bench, CountsOf counts_of) {
  const int me = bench.nccl.rank();
  std::string out, expected;
  std::vector<std::int64_t> out_counts, in_counts;
  for (int peer = 0; peer < bench.nccl.size(); ++peer) {
    out_counts.push_back(counts_of(me, peer));
    in_counts.push_back(counts_of(peer, me));
    out += values(me, peer, out_counts.back());
    expected += values(peer, me, in_counts.back());
  }
  BOOST_TEST(bench.nccl.exchange_counts(out_counts) == in_counts, boost::test_tools::per_element());
  const auto sent = bench.up(out);
  const DeviceBuffer received(bench.gpu, std::ssize(expected));
  bench.nccl.all_to_all_v(sent.span(), out_counts, received.span(), in_counts);
  BOOST_TEST((bench.down(received) == expected));
}

/// What `verb` ended with, within seconds.
template <class Verb>
CommError error_of(Verb verb) {
  const auto start = std::chrono::steady_clock::now();
  try {
    verb();
  } catch (const CommError& error) {
    BOOST_TEST((std::chrono::steady_clock::now() - start < 20s), "it took too long to end");
    return error;
  }
  BOOST_FAIL("the verb should have failed");
  throw InternalError("not reached");
}

}  // namespace

BOOST_AUTO_TEST_CASE(nccl_has_every_verb, *ranks({1, 2, 3, 4})) {
  Bench bench;
  const int n = bench.nccl.size();
  const int me = bench.nccl.rank();
  for (int root = 0; root < n; ++root) {
    for (const std::int64_t bytes : {0, 1, 5000}) {
      auto data = bench.up(values(me, 0, bytes));
      bench.nccl.broadcast(data.span(), root);
      BOOST_TEST((bench.down(data) == values(root, 0, bytes)));
    }
  }
  std::vector<std::int64_t> even(static_cast<std::size_t>(n), 1000), none(even.size(), 0), uneven(even);
  for (int r = 0; r < n; ++r) uneven[static_cast<std::size_t>(r)] = 700 * r;  // rank 0 gives nothing
  check_gather(bench, even);
  check_gather(bench, none);
  check_gather(bench, uneven);
  std::ranges::reverse(uneven);
  check_gather(bench, uneven);
  check_exchange(bench, [](int from, int to) { return 100 + 3 * from + 11 * to; });
  check_exchange(bench, [](int from, int to) { return (from + to) % 3 == 0 ? 0 : 40'000 * (from + 1); });
  check_exchange(bench, [](int, int) { return 0; });
  bench.nccl.close();
  BOOST_TEST(bench.nccl.dead());
  BOOST_TEST(bench.control.live_comms == 0);
}

BOOST_AUTO_TEST_CASE(communicators_follow_each_other, *ranks({3})) {
  for (int round = 0; round < 3; ++round) {
    Bench bench;
    check_exchange(bench, [&](int from, int to) { return from + to + round; });
    if (round != 1) bench.nccl.close();
    bench.world.barrier();  // without close(): all have their bytes before one goes
  }
  BOOST_TEST(test::control(*test::stand_in()).live_comms == 0);
  BOOST_TEST(test::control(*test::stand_in()).live_buffers == 0);
}

// Of messages this long only the ends travel: counts and places beyond 32 bits are what could go wrong.
BOOST_AUTO_TEST_CASE(counts_beyond_2_gib, *ranks({3})) {
  Bench bench;
  bench.control.edges = true;
  const int me = bench.nccl.rank();
  const int n = bench.nccl.size();
  const auto write = [&](comm::DeviceSpan span, char c) {
    bench.gpu->copy_in(span.part(0, 1), &c);
    bench.gpu->copy_in(span.part(span.bytes - 1, 1), &c);
    bench.nccl.finish();
  };
  const auto reads = [&](comm::DeviceSpan span, char c) {
    char ends[2] = {};
    bench.gpu->copy_out(ends, span.part(0, 1));
    bench.gpu->copy_out(ends + 1, span.part(span.bytes - 1, 1));
    bench.nccl.finish();
    return ends[0] == c && ends[1] == c;
  };
  const std::int64_t large = 3 * gib + 5;

  const DeviceBuffer data(bench.gpu, large);
  if (me == 1) write(data.span(), 'b');
  bench.nccl.broadcast(data.span(), 1);
  BOOST_TEST(reads(data.span(), 'b'));

  std::vector<std::int64_t> counts(static_cast<std::size_t>(n), large);
  counts[0] = 5 * gib;
  const DeviceBuffer mine(bench.gpu, counts[static_cast<std::size_t>(me)]);
  const DeviceBuffer all(bench.gpu, 5 * gib + large * (n - 1));
  write(mine.span(), static_cast<char>('0' + me));
  bench.nccl.all_gather_v(mine.span(), counts, all.span());
  std::int64_t at = 0;
  for (int r = 0; r < n; ++r) {
    const auto bytes = counts[static_cast<std::size_t>(r)];
    BOOST_TEST(reads(all.span().part(at, bytes), static_cast<char>('0' + r)));
    at += bytes;
  }

  std::vector<std::int64_t> sent, received;
  for (int peer = 0; peer < n; ++peer) {
    sent.push_back(large + me * gib + peer);
    received.push_back(large + peer * gib + me);
  }
  const DeviceBuffer out(bench.gpu, std::reduce(sent.begin(), sent.end()));
  const DeviceBuffer in(bench.gpu, std::reduce(received.begin(), received.end()));
  at = 0;
  for (int peer = 0; peer < n; ++peer) {
    const auto bytes = sent[static_cast<std::size_t>(peer)];
    write(out.span().part(at, bytes), value(me, peer, 0));
    at += bytes;
  }
  BOOST_TEST(bench.nccl.exchange_counts(sent) == received, boost::test_tools::per_element());
  bench.nccl.all_to_all_v(out.span(), sent, in.span(), received);
  at = 0;
  for (int peer = 0; peer < n; ++peer) {
    const auto bytes = received[static_cast<std::size_t>(peer)];
    BOOST_TEST(reads(in.span().part(at, bytes), value(peer, me, 0)));
    at += bytes;
  }
  bench.nccl.close();
}

BOOST_AUTO_TEST_CASE(an_asynchronous_error_ends_the_verb_and_the_communicator, *ranks({1, 3})) {
  Bench bench;
  const auto data = bench.up("data");
  bench.nccl.broadcast(data.span(), 0);
  bench.control.fail_code = 6;
  bench.control.fail_group = 1;
  const auto error = error_of([&] { bench.nccl.broadcast(data.span(), 0); });
  BOOST_TEST(error.call == "ncclBroadcast");
  BOOST_TEST(error.native_code == 6);
  BOOST_TEST(error.rank == bench.nccl.rank());
  BOOST_TEST(std::string(error.what()).find("the test wanted it so") != std::string::npos, error.what());
  BOOST_TEST(bench.nccl.dead());
  BOOST_TEST(bench.control.live_comms == 0);
  const auto again = error_of([&] { bench.nccl.broadcast(data.span(), 0); });
  BOOST_TEST(std::string(again.what()).find("was aborted") != std::string::npos, again.what());
  (void)error_of([&] { bench.nccl.close(); });
  (void)error_of([&] { (void)bench.nccl.exchange_counts(std::vector<std::int64_t>(4)); });
}

BOOST_AUTO_TEST_CASE(a_failure_on_one_rank_reaches_the_others, *ranks({4})) {
  Bench bench;
  if (bench.nccl.rank() == 1) {
    bench.control.fail_code = 1;
    bench.control.fail_group = 0;
  }
  const auto data = bench.up("data");
  const std::vector<std::int64_t> counts(static_cast<std::size_t>(bench.nccl.size()), 4);
  const DeviceBuffer all(bench.gpu, 4 * bench.nccl.size());
  const auto error = error_of([&] { bench.nccl.all_gather_v(data.span(), counts, all.span()); });
  BOOST_TEST(error.native_code == (bench.nccl.rank() == 1 ? 1 : 6));
}

BOOST_AUTO_TEST_CASE(a_silent_peer_ends_at_the_deadline, *ranks({3})) {
  Bench bench({.deadline = 400ms});
  if (bench.nccl.rank() == 1) bench.control.silent_from = 0;
  const auto data = bench.up("data");
  const auto start = std::chrono::steady_clock::now();
  // To rank 1 and from it; what others may send to each other does not help them.
  const std::vector<std::int64_t> counts(static_cast<std::size_t>(bench.nccl.size()), 4);
  const DeviceBuffer all(bench.gpu, 4 * bench.nccl.size());
  const auto error = error_of([&] { bench.nccl.all_gather_v(data.span(), counts, all.span()); });
  BOOST_TEST((std::chrono::steady_clock::now() - start >= 300ms), "it ended before the deadline");
  BOOST_TEST(bench.nccl.dead());
  BOOST_TEST((error.call == "ncclAllGather"));
}

BOOST_AUTO_TEST_CASE(a_rank_that_comes_late_is_waited_for, *ranks({2})) {
  Bench bench({.deadline = 300ms});
  if (bench.nccl.rank() == 1) std::this_thread::sleep_for(1s);
  const auto data = bench.up(values(bench.nccl.rank(), 0, 10));
  bench.nccl.broadcast(data.span(), 1);
  BOOST_TEST((bench.down(data) == values(1, 0, 10)));
  bench.nccl.close();
}

BOOST_AUTO_TEST_CASE(sizes_that_differ_are_told_on_all_ranks, *ranks({3})) {
  Bench bench;
  const int me = bench.nccl.rank();
  const DeviceBuffer data(bench.gpu, 8);
  BOOST_CHECK_THROW(bench.nccl.broadcast(data.span().part(0, me == 1 ? 5 : 4), 0), InternalError);
  // Rank 2 thinks otherwise of what 0 and 1 give, though the sum is the same.
  const std::vector<std::int64_t> counts =
      me == 2 ? std::vector<std::int64_t>{4, 2, 3} : std::vector<std::int64_t>{2, 4, 3};
  const DeviceBuffer all(bench.gpu, 9);
  const auto mine = data.span().part(0, counts[static_cast<std::size_t>(me)]);
  BOOST_CHECK_THROW(bench.nccl.all_gather_v(mine, counts, all.span()), InternalError);
  bench.nccl.broadcast(data.span(), 0);  // nothing was begun, so it still works
  bench.nccl.close();
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_on_one_rank_fails_on_all, *ranks({3})) {
  auto world = test::world();
  const auto gpu = test::gpu_of(world.rank());
  if (world.rank() == 1) test::control(gpu->calls()).refuse_start = 2;
  const auto start = std::chrono::steady_clock::now();
  BOOST_CHECK_EXCEPTION(Nccl(world, gpu), Error, [](const Error& error) {
    return error.on_all_ranks && error.code == ExitCode::device &&
           std::string(error.what()).find("ncclCommInitRankConfig") != std::string::npos;
  });
  BOOST_TEST((std::chrono::steady_clock::now() - start < 20s), "the others waited for the deadline");
  BOOST_TEST(test::control(gpu->calls()).live_comms == 0);
}

BOOST_AUTO_TEST_CASE(host_memory_is_refused) {
  Bench bench;
  char host[4] = {};
  const comm::DeviceSpan wrong{reinterpret_cast<comm::DevicePointer>(&host), 4};
  const auto error = error_of([&] { bench.nccl.broadcast(wrong, 0); });
  BOOST_TEST(error.native_code == 4);
}
