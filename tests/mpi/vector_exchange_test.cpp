#include "comm/vector_exchange.hpp"

#include <chrono>
#include <cstdlib>

#include "base/errors.hpp"
#include "tests/mpi/stand_in.hpp"

using namespace dream;
using comm::GpuFacts;
using test::ranks;

namespace {

comm::ExchangeOptions over_stand_in(const std::string& wish) {
  comm::ExchangeOptions options;
  options.wish = wish;
  options.made_on_gpus = true;
  options.libraries = {test::stand_in_path(), test::stand_in_path()};
  return options;
}

/// The exchange, and what was logged about it.
struct Opened {
  std::unique_ptr<comm::VectorExchange> exchange;
  std::string log;
};

Opened open(const comm::ExchangeOptions& options) {
  auto world = test::world();
  Opened opened;
  opened.exchange = comm::open_vector_exchange(
      world, options, [&](Level, std::string_view line) { opened.log += std::string(line) + "\n"; });
  return opened;
}

bool holds(const std::string& text, const std::string& words) {
  if (text.find(words) != std::string::npos) return true;
  BOOST_TEST_MESSAGE(text);
  return false;
}

void check_same_as_mpi(comm::VectorExchange& exchange, std::int64_t scale) {
  auto world = test::world();
  std::string out;
  std::vector<std::int64_t> counts;
  for (int to = 0; to < world.size(); ++to) {
    counts.push_back(to == 1 ? 0 : scale * ((world.rank() + 2 * to) % 4));
    for (std::int64_t i = 0; i < counts.back(); ++i) out += static_cast<char>(world.rank() * 50 + to * 7 + i);
  }
  const std::span<const char> bytes(out);
  const auto expected = world.all_to_all_v(bytes, std::span<const std::int64_t>(counts));
  const auto got = exchange.all_to_all_v(bytes, counts);
  BOOST_TEST((got.values == expected.values));
  BOOST_TEST(got.offsets == expected.offsets, boost::test_tools::per_element());
}

GpuFacts facts(const std::string& host, const std::string& gpu, int nccl = 22809) {
  return {.host = host, .obstacle = "", .gpu = gpu, .nccl = nccl, .shares = false};
}

}  // namespace

BOOST_AUTO_TEST_CASE(nccl_brings_the_same_bytes_as_mpi, *ranks({1, 2, 3, 4})) {
  for (const std::int64_t staging : {64, 1 << 20}) {
    auto options = over_stand_in("nccl");
    options.staging_bytes = staging;
    const auto [exchange, log] = open(options);
    BOOST_TEST(exchange->name() == "nccl");
    BOOST_TEST(holds(log, "vectors travel over NCCL 2.28.9, a GPU for each rank") ==
               (test::world().rank() == 0));
    for (const std::int64_t scale : {0, 1, 37, 1000}) check_same_as_mpi(*exchange, scale);
    exchange->close();
  }
}

BOOST_AUTO_TEST_CASE(vectors_made_in_host_memory_stay_on_mpi, *ranks({2})) {
  auto options = over_stand_in("auto");
  options.made_on_gpus = false;
  const auto [exchange, log] = open(options);
  BOOST_TEST(exchange->name() == "mpi");
  check_same_as_mpi(*exchange, 10);
  if (test::world().rank() == 0) BOOST_TEST(holds(log, "over MPI: they are made in host memory"));
}

BOOST_AUTO_TEST_CASE(ranks_that_share_a_gpu_use_mpi_unless_nccl_lets_them, *ranks({3})) {
  const auto calls = test::stand_in();
  auto& control = test::control(*calls);
  control.devices = 1;
  {
    const auto [exchange, log] = open(over_stand_in("auto"));
    BOOST_TEST(exchange->name() == "mpi");
    if (test::world().rank() == 0) BOOST_TEST(holds(log, "ranks 0 and 1 share GPU 0000:10:00.0"));
  }
  control.version = 23007;
  BOOST_TEST(open(over_stand_in("auto")).exchange->name() == "mpi");
  ::setenv("NCCL_MULTI_RANK_GPU_ENABLE", "1", 1);
  const auto [exchange, log] = open(over_stand_in("auto"));
  BOOST_TEST(exchange->name() == "nccl");
  check_same_as_mpi(*exchange, 100);
  exchange->close();
}

BOOST_AUTO_TEST_CASE(nccl_that_is_forced_and_absent_on_one_rank_is_one_error, *ranks({1, 3})) {
  auto options = over_stand_in("nccl");
  const int last = test::world().size() - 1;
  if (test::world().rank() == last) options.libraries.nccl = "libnothing_of_this_name.so";
  const auto says = "rank " + std::to_string(last) + " on ";
  BOOST_CHECK_EXCEPTION((void)open(options), Error, [&](const Error& error) {
    return error.on_all_ranks && error.code == ExitCode::device && holds(error.what(), says) &&
           holds(error.what(), "libnothing_of_this_name.so");
  });
  options.wish = "auto";
  const auto [exchange, log] = open(options);
  BOOST_TEST(exchange->name() == "mpi");
  check_same_as_mpi(*exchange, 5);
}

BOOST_AUTO_TEST_CASE(another_version_of_nccl_on_one_rank_is_one_error, *ranks({3})) {
  const auto calls = test::stand_in();
  if (test::world().rank() == 2) test::control(*calls).version = 23203;
  BOOST_CHECK_EXCEPTION((void)open(over_stand_in("nccl")), Error, [&](const Error& error) {
    return error.on_all_ranks && error.code == ExitCode::device && holds(error.what(), "rank 2 on ") &&
           holds(error.what(), "has 2.32.3: install the same version on all hosts");
  });
  test::control(*calls).version = 22809;
}

/// Its bytes do not travel: were they cut into rounds, these would be two million, and take minutes.
BOOST_AUTO_TEST_CASE(a_ranks_own_share_makes_no_rounds, *ranks({2})) {
  auto options = over_stand_in("nccl");
  options.staging_bytes = 64;
  const auto [exchange, log] = open(options);
  std::vector<std::int64_t> counts(2, 16);
  counts[static_cast<std::size_t>(test::world().rank())] = 64 << 20;
  const std::string out((64 << 20) + 16, 'x');
  const auto start = std::chrono::steady_clock::now();
  BOOST_TEST(exchange->all_to_all_v(out, counts).values.size() == out.size());
  BOOST_TEST((std::chrono::steady_clock::now() - start < std::chrono::seconds(10)));
  exchange->close();
}

BOOST_AUTO_TEST_CASE(a_start_of_nccl_that_fails_leaves_auto_with_mpi, *ranks({3})) {
  const auto calls = test::stand_in();
  if (test::world().rank() == 1) test::control(*calls).refuse_start = 1;
  BOOST_CHECK_THROW((void)open(over_stand_in("nccl")), Error);
  const auto [exchange, log] = open(over_stand_in("auto"));
  BOOST_TEST(exchange->name() == "mpi");
  check_same_as_mpi(*exchange, 5);
  if (test::world().rank() == 0) BOOST_TEST(holds(log, "unhandled cuda error"));
}

BOOST_AUTO_TEST_CASE(a_gpu_without_the_memory_leaves_auto_with_mpi, *ranks({2})) {
  auto options = over_stand_in("auto");
  options.staging_bytes = std::int64_t{1} << 50;
  BOOST_TEST(open(options).exchange->name() == "mpi");
}

BOOST_AUTO_TEST_CASE(the_choice_looks_at_all_ranks) {
  const auto choose = [](std::vector<GpuFacts> by_rank) { return comm::choose_exchange(by_rank); };
  BOOST_TEST(choose({facts("a", "10"), facts("a", "11"), facts("b", "10")}).nccl);
  const auto absent =
      choose({facts("a", "10"), {.host = "b", .obstacle = "no GPU", .gpu = "", .nccl = 0, .shares = false}});
  BOOST_TEST(!absent.nccl);
  BOOST_TEST(absent.reason == "rank 1 on b: no GPU");
  const auto other = choose({facts("a", "10"), facts("b", "10", 23203)});
  BOOST_TEST(!other.nccl);
  BOOST_TEST(
      other.reason ==
      "rank 0 on a has NCCL 2.28.9, and rank 1 on b has 2.32.3: install the same version on all hosts");
  const auto shared = choose({facts("a", "10"), facts("a", "10")});
  BOOST_TEST(!shared.nccl);
  BOOST_TEST(holds(shared.reason, "install NCCL 2.30.0"));
  auto one = facts("a", "10", 23007), two = one;
  BOOST_TEST(!choose({one, two}).nccl);
  one.shares = true;
  BOOST_TEST(!choose({one, two}).nccl, "both must be allowed to");
  two.shares = true;
  BOOST_TEST(choose({one, two}).nccl);
}
