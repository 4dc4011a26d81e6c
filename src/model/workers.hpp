#pragma once
#include <cstdint>
#include <memory>
#include <type_traits>

#include "base/pulse.hpp"

namespace dream::model {

/// Threads that live as long as this object and sleep between loops. They start with the first loop, so a
/// process that forks before it has none to lose.
class Workers {
 public:
  /// At least one.
  explicit Workers(int threads);
  ~Workers();
  Workers(Workers&&) noexcept;
  Workers& operator=(Workers&&) noexcept;
  [[nodiscard]] int threads() const;

  /// Runs work(worker, item) for every item in [0, items), worker in [0, threads()), the next free worker
  /// taking the next item. The calling thread does no item: it calls `pulse` every few milliseconds, which
  /// may throw. The first exception, of an item or of the pulse, ends the loop after the items in progress
  /// and is thrown here. Allocates nothing but when threads start. From one thread at a time.
  template <class Work>
  void for_each(std::int64_t items, const Pulse& pulse, Work&& work) {
    const void* const borrowed = std::addressof(work);
    run(items, pulse, Job{borrowed, [](const void* any, int worker, std::int64_t item) {
                            auto* const function = static_cast<const std::remove_reference_t<Work>*>(any);
                            (*const_cast<std::remove_reference_t<Work>*>(function))(worker, item);
                          }});
  }

 private:
  /// A function that is only borrowed, so that no copy of it need be kept anywhere.
  struct Job {
    const void* work = nullptr;
    void (*call)(const void* work, int worker, std::int64_t item) = nullptr;
  };
  struct Impl;
  void run(std::int64_t items, const Pulse& pulse, Job job);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dream::model
