#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace dream::kernels::twin {

/// The threads of one block, each on a stack of its own; they take turns in one thread of the system, and a
/// turn ends at a barrier that others have not reached. So their order is always the same, a debugger and
/// the address sanitizer see plain code, and a missing barrier shows when the order is turned round.
class Fibers {
 public:
  /// threads: a multiple of 32.
  Fibers(int threads, bool backward);
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  /// Runs body(thread) for every thread, to the end of all. Throws what a body throws, and InternalError when
  /// some wait for others that have left. May be called again, for the next block.
  void run(const std::function<void(int)>& body);

  // For bodies alone.
  void wait_for_block(int thread);
  void wait_for_warp(int thread);
  /// A place of each thread, to show its warp a value.
  [[nodiscard]] float& slot(int thread) { return slots_[static_cast<std::size_t>(thread)]; }
  [[nodiscard]] int threads() const { return threads_; }

 private:
  struct Fiber;
  struct Barrier {
    int arrived = 0;
    std::int64_t opened = 0;
  };
  static void enter(void* fiber);
  void wait(Barrier& barrier, int size, int thread);
  void resume(Fiber& fiber);
  void pause(Fiber& fiber);
  [[nodiscard]] Fiber& fiber(int thread) const;

  int threads_;
  bool backward_;
  bool moved_ = false;  ///< in this round of turns some thread got further
  Barrier block_;
  std::vector<Barrier> warps_;
  std::vector<float> slots_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::unique_ptr<Fiber> main_;
};

}  // namespace dream::kernels::twin
