#include "model/parallel.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/test.hpp"

using namespace dream;

BOOST_AUTO_TEST_CASE(every_item_runs_once) {
  for (const int threads : {0, 1, 3, 8}) {
    std::vector<std::atomic<int>> runs(100);
    model::parallel_for(100, threads, no_pulse(), [&](int worker, std::int64_t item) {
      if (worker < 0 || worker >= std::max(threads, 1)) throw std::logic_error("worker");
      ++runs[static_cast<std::size_t>(item)];
    });
    for (const auto& n : runs) BOOST_TEST(n == 1);
  }
  BOOST_CHECK_NO_THROW(model::parallel_for(0, 4, no_pulse(), [](int, std::int64_t) {}));
}

BOOST_AUTO_TEST_CASE(the_first_exception_ends_the_loop) {
  std::atomic<int> runs{0};
  const auto work = [&](int, std::int64_t item) {
    ++runs;
    if (item == 5) throw std::runtime_error("item 5");
  };
  BOOST_CHECK_EXCEPTION(model::parallel_for(1'000'000, 2, no_pulse(), work), std::runtime_error,
                        [](const auto& error) { return std::string(error.what()) == "item 5"; });
  BOOST_TEST(runs < 1'000'000);
}

BOOST_AUTO_TEST_CASE(the_pulse_is_called_here_while_others_work) {
  const auto here = std::this_thread::get_id();
  int beats = 0;
  const auto pulse = [&] {
    BOOST_TEST((std::this_thread::get_id() == here));
    if (++beats == 3) throw std::runtime_error("stop");
  };
  std::atomic<bool> elsewhere{true};
  const auto work = [&](int, std::int64_t) {
    if (std::this_thread::get_id() == here) elsewhere = false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  BOOST_CHECK_THROW(model::parallel_for(100'000, 2, pulse, work), std::runtime_error);
  BOOST_TEST(beats == 3);
  BOOST_TEST(elsewhere.load());
}
