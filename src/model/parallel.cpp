#include "model/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace dream::model {
namespace {

/// What the workers of one loop share.
struct Loop {
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  std::exception_ptr error;

  void fail(std::exception_ptr e) {
    const std::lock_guard lock(mutex);
    if (!error) error = std::move(e);
    stop = true;
  }
};

void run(Loop& loop, int worker, std::int64_t items, const std::function<void(int, std::int64_t)>& work) {
  try {
    while (!loop.stop) {
      const auto item = loop.next++;
      if (item >= items) break;
      work(worker, item);
    }
  } catch (...) {
    loop.fail(std::current_exception());
  }
  const std::lock_guard lock(loop.mutex);
  --loop.running;
  loop.changed.notify_one();
}

void wait(Loop& loop, const Pulse& pulse) {
  std::unique_lock lock(loop.mutex);
  while (loop.running > 0) {
    if (loop.changed.wait_for(lock, std::chrono::milliseconds(5), [&] { return loop.running == 0; })) return;
    if (loop.stop) continue;
    lock.unlock();
    try {
      pulse();
    } catch (...) {
      loop.fail(std::current_exception());
    }
    lock.lock();
  }
}

}  // namespace

void parallel_for(std::int64_t items, int threads, const Pulse& pulse,
                  const std::function<void(int worker, std::int64_t item)>& work) {
  pulse();
  Loop loop;
  std::vector<std::jthread> workers;
  const auto count = static_cast<int>(std::min<std::int64_t>(std::max(threads, 1), items));
  loop.running = count;
  for (int worker = 0; worker < count; ++worker) {
    try {
      workers.emplace_back([&, worker] { run(loop, worker, items, work); });
    } catch (...) {
      // The system gives no more threads: those that run must end before `loop` does.
      loop.fail(std::current_exception());
      const std::lock_guard lock(loop.mutex);
      --loop.running;
    }
  }
  wait(loop, pulse);
  workers.clear();
  if (loop.error) std::rethrow_exception(loop.error);
}

}  // namespace dream::model
