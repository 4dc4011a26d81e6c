// The twin itself, and the numbers that a GPU stores.
#include <array>
#include <cmath>

#include "base/errors.hpp"
#include "kernels/cuda/launch.hpp"
#include "kernels/cuda/reduce.hpp"
#include "tests/kernels/on_twin.hpp"

using namespace dream;
using namespace dream::kernels;
using namespace dream::test;

BOOST_AUTO_TEST_CASE(elements_round_to_nearest_and_come_back) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = Fp16{static_cast<std::uint16_t>(bits)};
    const auto brain = Bf16{static_cast<std::uint16_t>(bits)};
    if (!std::isnan(to_float(half))) BOOST_REQUIRE(from_float<Fp16>(to_float(half)).bits == bits);
    if (!std::isnan(to_float(brain))) BOOST_REQUIRE(from_float<Bf16>(to_float(brain)).bits == bits);
  }
  const auto half = [](float x) { return to_float(from_float<Fp16>(x)); };
  BOOST_TEST(half(1.0F + 0x1p-11F) == 1.0F);  // ties to even
  BOOST_TEST(half(1.0F + 0x3p-11F) == 1.0F + 0x1p-9F);
  BOOST_TEST(half(1.0F + 0x1.004p-11F) == 1.0F + 0x1p-10F);
  BOOST_TEST(half(65519.0F) == 65504.0F);
  BOOST_TEST(std::isinf(half(65520.0F)));
  BOOST_TEST(half(0x1p-25F) == 0.0F);
  BOOST_TEST(half(-0x1.8p-25F) == -0x1p-24F);
  BOOST_TEST(half(0x1.ff8p-15F) == 0x1.ff8p-15F);  // 1023 times 2^-24
  BOOST_TEST(half(0x1.ffcp-15F) == 0x1p-14F);      // a tie that becomes a normal number
  BOOST_TEST(std::isnan(half(std::nanf(""))));
  const auto brain = [](float x) { return to_float(from_float<Bf16>(x)); };
  BOOST_TEST(brain(1.0F + 0x1p-8F) == 1.0F);
  BOOST_TEST(brain(1.0F + 0x3p-8F) == 1.0F + 0x1p-6F);
  BOOST_TEST(std::isnan(brain(std::bit_cast<float>(0x7F800001U))));
}

BOOST_AUTO_TEST_CASE(twin_runs_every_block_and_no_empty_grid) {
  twin::Run run;
  std::vector<float> x(6 * 5, 1.0F);
  kernels_of_twin().normalise_rows({x.data(), 6, 5}, {&run});
  BOOST_TEST(run.launched == 6);
  kernels_of_twin().normalise_rows({x.data(), 0, 5}, {&run});
  BOOST_TEST(run.launched == 6);
}

BOOST_AUTO_TEST_CASE(twin_sums_over_all_threads_and_shows_a_missing_barrier) {
  struct Sum {
    float* out;
    void operator()(const twin::Block& block) const {
      auto* const scratch = reinterpret_cast<float*>(block.shared());
      const float total = twin::sum(block, static_cast<float>(block.thread()), scratch);
      out[block.thread()] = total;
    }
  };
  std::vector<float> out(96);
  twin::launch(Sum{out.data()}, "sum", {.x = 1, .threads = 96, .shared_bytes = 12}, {});
  BOOST_TEST((out == std::vector<float>(96, 95 * 96 / 2)));

  struct Racy {
    float* out;
    void operator()(const twin::Block& block) const {
      auto* const values = reinterpret_cast<float*>(block.shared());
      values[block.thread()] = 1;
      out[block.thread()] = values[block.threads() - 1 - block.thread()];  // no barrier before
    }
  };
  std::array<std::vector<float>, 2> results{std::vector<float>(32), std::vector<float>(32)};
  for (const bool backward : {false, true}) {
    twin::Run run{.backward = backward};
    twin::launch(Racy{results[backward ? 1 : 0].data()}, "racy", {.x = 1, .threads = 32, .shared_bytes = 128},
                 {&run});
  }
  BOOST_TEST((results[0] != results[1]));
}

BOOST_AUTO_TEST_CASE(twin_refuses_a_barrier_that_not_all_threads_reach) {
  struct Divergent {
    void operator()(const twin::Block& block) const {
      if (block.thread() != 7) block.sync();
    }
  };
  BOOST_CHECK_THROW(twin::launch(Divergent{}, "divergent", {.x = 1, .threads = 64}, {}), InternalError);
  struct Throws {
    void operator()(const twin::Block& block) const {
      block.sync();
      if (block.thread() == 3) throw ConfigError("a thread's error");
    }
  };
  BOOST_CHECK_THROW(twin::launch(Throws{}, "throws", {.x = 2, .threads = 64}, {}), ConfigError);
}

BOOST_AUTO_TEST_CASE(twin_puts_launches_off_when_told_to) {
  twin::Tasks tasks;
  twin::Run run{.later = &tasks};
  std::vector<float> x{3, 4};
  kernels_of_twin().normalise_rows({x.data(), 1, 2}, {&run});
  BOOST_TEST(run.launched == 0);
  BOOST_REQUIRE(tasks.size() == 1);
  x = {6, 8};  // a launch keeps where its values are, not what they were
  tasks.front()();
  BOOST_TEST(run.launched == 1);
  BOOST_TEST((x == std::vector<float>{0.6F, 0.8F}));
}
