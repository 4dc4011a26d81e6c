#pragma once
#include <cstddef>

#ifndef __x86_64__
#include <ucontext.h>
#endif

namespace dream::kernels::twin {

/// Where a thread of execution stands on its stack. ucontext of the C library does it everywhere, but asks
/// the system twice for each change; on x86-64 it is twenty instructions of ours.
class Context {
 public:
  /// The first change to it calls entry(argument) on that stack; entry must never return.
  void prepare(std::byte* stack, std::size_t bytes, void (*entry)(void*), void* argument);
  /// Leaves `from`, where a later change comes back to, for `to`.
  static void change(Context& from, Context& to);

 private:
#ifdef __x86_64__
  void* top_ = nullptr;
#else
  static void enter(unsigned high, unsigned low);
  ucontext_t context_{};
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
#endif
};

}  // namespace dream::kernels::twin
