#include "model/workers.hpp"

#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/test.hpp"

using namespace dream;

BOOST_AUTO_TEST_CASE(every_item_runs_once) {
  for (const int threads : {0, 1, 3, 8}) {
    model::Workers workers(threads);
    std::vector<std::atomic<int>> runs(100);
    workers.for_each(100, no_pulse(), [&](int worker, std::int64_t item) {
      if (worker < 0 || worker >= std::max(threads, 1)) throw std::logic_error("worker");
      ++runs[static_cast<std::size_t>(item)];
    });
    for (const auto& n : runs) BOOST_TEST(n == 1);
  }
  BOOST_CHECK_NO_THROW(model::Workers(4).for_each(0, no_pulse(), [](int, std::int64_t) {}));
}

BOOST_AUTO_TEST_CASE(the_first_exception_ends_the_loop) {
  std::atomic<int> runs{0};
  const auto work = [&](int, std::int64_t item) {
    ++runs;
    if (item == 5) throw std::runtime_error("item 5");
  };
  model::Workers workers(2);
  BOOST_CHECK_EXCEPTION(workers.for_each(1'000'000, no_pulse(), work), std::runtime_error,
                        [](const auto& error) { return std::string(error.what()) == "item 5"; });
  BOOST_TEST(runs < 1'000'000);
  const auto before = runs.load();
  BOOST_CHECK_NO_THROW(workers.for_each(5, no_pulse(), work));  // they live on, and nothing is left of it
  BOOST_TEST(runs == before + 5);
}

BOOST_AUTO_TEST_CASE(the_same_threads_do_every_loop_and_sleep_in_between) {
  model::Workers workers(3);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  const auto work = [&](int, std::int64_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  };
  for (int loop = 0; loop < 20; ++loop) workers.for_each(6, no_pulse(), work);
  BOOST_TEST(threads.size() <= 3U);
  const auto cpu = [] {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  const auto before = cpu();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  BOOST_TEST(cpu() - before < 0.1);  // one that spins would take 0.2 s
}

BOOST_AUTO_TEST_CASE(workers_that_never_worked_end_too) {
  model::Workers idle(4);
  model::Workers moved(std::move(idle));
  int items = 0;
  moved.for_each(1, no_pulse(), [&](int, std::int64_t) { ++items; });
  BOOST_TEST(items == 1);
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
  BOOST_CHECK_THROW(model::Workers(2).for_each(100'000, pulse, work), std::runtime_error);
  BOOST_TEST(beats == 3);
  BOOST_TEST(elsewhere.load());
}
