#include "kernels/twin/fibers.hpp"

#include <exception>
#include <string>

#include "base/errors.hpp"
#include "kernels/twin/context.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace dream::kernels::twin {
namespace {

constexpr std::size_t stack_bytes = 64 << 10;
constexpr int warp = 32;

}  // namespace

/// A stack and where its thread stands. The sanitizers must be told whenever the stack changes.
struct Fibers::Fiber {
  Context context;
  std::unique_ptr<std::byte[]> stack;
  int thread = -1;
  bool done = false;
  std::exception_ptr failure;
  const std::function<void(int)>* body = nullptr;
  Fibers* owner = nullptr;
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  const void* bottom = nullptr;
  std::size_t bytes = 0;
#endif
#if defined(__SANITIZE_THREAD__)
  void* tsan = nullptr;
#endif

  /// Leaves this stack for another; returns when somebody switches back. last: nobody ever will.
  void switch_to(Fiber& other, bool last) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(last ? nullptr : &fake_stack, other.bottom, other.bytes);
#else
    static_cast<void>(last);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(other.tsan, 0);
#endif
    Context::change(context, other.context);
    arrive(fake_of_this());
  }
  void arrive(void* fake) {
#if defined(__SANITIZE_ADDRESS__)
    // What came from the main stack tells where that is.
    const void* from = nullptr;
    std::size_t size = 0;
    __sanitizer_finish_switch_fiber(fake, &from, &size);
    if (thread >= 0) {
      owner->main_->bottom = from;
      owner->main_->bytes = size;
    }
#else
    static_cast<void>(fake);
#endif
  }
  [[nodiscard]] void* fake_of_this() const {
#if defined(__SANITIZE_ADDRESS__)
    return fake_stack;
#else
    return nullptr;
#endif
  }
};

Fibers::Fibers(int threads, bool backward)
    : threads_(threads),
      backward_(backward),
      warps_(static_cast<std::size_t>(threads / warp)),
      slots_(static_cast<std::size_t>(threads)),
      main_(std::make_unique<Fiber>()) {
  DREAM_CHECK(threads > 0 && threads % warp == 0, "a block of " + std::to_string(threads) + " threads");
  main_->owner = this;
#if defined(__SANITIZE_THREAD__)
  main_->tsan = __tsan_get_current_fiber();
#endif
  for (int t = 0; t < threads; ++t) {
    auto fiber = std::make_unique<Fiber>();
    fiber->stack.reset(new std::byte[stack_bytes]);  // not make_unique: untouched pages cost nothing
    fiber->thread = t;
    fiber->owner = this;
#if defined(__SANITIZE_ADDRESS__)
    fiber->bottom = fiber->stack.get();
    fiber->bytes = stack_bytes;
#endif
#if defined(__SANITIZE_THREAD__)
    fiber->tsan = __tsan_create_fiber(0);
#endif
    fibers_.push_back(std::move(fiber));
  }
}

Fibers::~Fibers() {
#if defined(__SANITIZE_THREAD__)
  for (const auto& fiber : fibers_) __tsan_destroy_fiber(fiber->tsan);
#endif
}

Fibers::Fiber& Fibers::fiber(int thread) const { return *fibers_[static_cast<std::size_t>(thread)]; }

/// The first function of a fiber.
void Fibers::enter(void* fiber) {
  auto& self = *static_cast<Fiber*>(fiber);
  self.arrive(nullptr);
  try {
    (*self.body)(self.thread);
  } catch (...) {
    self.failure = std::current_exception();
  }
  self.done = true;
  self.switch_to(*self.owner->main_, true);
}

void Fibers::resume(Fiber& fiber) { main_->switch_to(fiber, false); }
void Fibers::pause(Fiber& fiber) { fiber.switch_to(*main_, false); }

void Fibers::run(const std::function<void(int)>& body) {
  block_ = {};
  warps_.assign(warps_.size(), {});
  for (const auto& fiber : fibers_) {
    fiber->done = false;
    fiber->failure = nullptr;
    fiber->body = &body;
    fiber->context.prepare(fiber->stack.get(), stack_bytes, &Fibers::enter, fiber.get());
  }
  for (int left = threads_; left > 0;) {
    moved_ = false;
    for (int i = 0; i < threads_; ++i) {
      auto& next = fiber(backward_ ? threads_ - 1 - i : i);
      if (next.done) continue;
      resume(next);
      if (next.failure) std::rethrow_exception(next.failure);
      if (!next.done) continue;
      moved_ = true;
      --left;
    }
    DREAM_CHECK(moved_, std::to_string(left) + " threads of a block wait at a barrier for others that left");
  }
}

void Fibers::wait(Barrier& barrier, int size, int thread) {
  if (++barrier.arrived == size) {
    barrier.arrived = 0;
    ++barrier.opened;
    moved_ = true;
    return;
  }
  for (const auto before = barrier.opened; barrier.opened == before;) pause(fiber(thread));
}

void Fibers::wait_for_block(int thread) { wait(block_, threads_, thread); }
void Fibers::wait_for_warp(int thread) {
  wait(warps_[static_cast<std::size_t>(thread / warp)], warp, thread);
}

}  // namespace dream::kernels::twin
