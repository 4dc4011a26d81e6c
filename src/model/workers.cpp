#include "model/workers.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace dream::model {

struct Workers::Impl {
  explicit Impl(int threads_) : threads(std::max(threads_, 1)) {}

  const int threads;
  std::mutex mutex;
  std::condition_variable begun, done;  ///< a loop, or the end; the last worker of a loop
  std::int64_t loop = 0;                ///< loops so far: a worker sees a new one by it
  bool ended = false;
  int running = 0;
  Job job;
  std::int64_t items = 0;
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> stop{false};
  std::exception_ptr error;
  std::vector<std::jthread> workers;  ///< last: they end before what they use

  void fail(std::exception_ptr e) {
    const std::lock_guard lock(mutex);
    if (!error) error = std::move(e);
    stop = true;
  }

  void take_items(int worker) {
    try {
      while (!stop) {
        const auto item = next++;
        if (item >= items) break;
        job.call(job.work, worker, item);
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

  void live(int worker) {
    std::unique_lock lock(mutex);
    for (std::int64_t seen = 0;;) {
      begun.wait(lock, [&] { return ended || loop != seen; });
      if (ended) return;
      seen = loop;
      lock.unlock();
      take_items(worker);
      lock.lock();
      if (--running == 0) done.notify_one();
    }
  }

  /// Where the system gives fewer threads than asked for, those that there are do the work.
  void start() {
    workers.reserve(static_cast<std::size_t>(threads));
    try {
      while (std::ssize(workers) < threads)
        workers.emplace_back([this, worker = static_cast<int>(workers.size())] { live(worker); });
    } catch (const std::system_error&) {
      if (workers.empty()) throw;
    }
  }

  void wait(const Pulse& pulse) {
    std::unique_lock lock(mutex);
    while (!done.wait_for(lock, std::chrono::milliseconds(5), [&] { return running == 0; })) {
      if (stop) continue;
      lock.unlock();
      try {
        pulse();
      } catch (...) {
        fail(std::current_exception());
      }
      lock.lock();
    }
  }
};

Workers::Workers(int threads) : impl_(std::make_unique<Impl>(threads)) {}
Workers::Workers(Workers&&) noexcept = default;
Workers& Workers::operator=(Workers&&) noexcept = default;

Workers::~Workers() {
  if (!impl_) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ended = true;
  }
  impl_->begun.notify_all();
}

int Workers::threads() const { return impl_->threads; }

void Workers::run(std::int64_t items, const Pulse& pulse, Job job) {
  pulse();
  if (items <= 0) return;
  auto& my = *impl_;
  if (my.workers.empty()) my.start();
  {
    const std::lock_guard lock(my.mutex);
    my.job = job;
    my.items = items;
    my.next = 0;
    my.stop = false;
    my.error = nullptr;
    my.running = static_cast<int>(my.workers.size());
    ++my.loop;
  }
  my.begun.notify_all();
  my.wait(pulse);
  if (my.error) std::rethrow_exception(std::exchange(my.error, nullptr));
}

}  // namespace dream::model
