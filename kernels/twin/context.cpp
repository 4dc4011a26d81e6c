#include "kernels/twin/context.hpp"

#include <cstdint>

#ifdef __x86_64__

// What a function must keep is put on the stack that is left and taken from the one that is entered. A new
// stack holds the same, with entry in r13 and its argument in r12, and the address of dream_twin_start.
asm(R"(
.text
.type dream_twin_change, @function
dream_twin_change:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size dream_twin_change, .-dream_twin_change
.type dream_twin_start, @function
dream_twin_start:
  movq %r12, %rdi
  call *%r13
  ud2
.size dream_twin_start, .-dream_twin_start
)");

extern "C" {
void dream_twin_change(void** from, void* to);
void dream_twin_start();
}

namespace dream::kernels::twin {

void Context::prepare(std::byte* stack, std::size_t bytes, void (*entry)(void*), void* argument) {
  const auto end = (reinterpret_cast<std::uintptr_t>(stack) + bytes) / 16 * 16;
  // Six registers, an address, and two words so that the stack is even where dream_twin_start calls.
  auto* const top = reinterpret_cast<std::uintptr_t*>(end) - 9;
  top[0] = top[1] = top[4] = top[5] = 0;                // r15, r14, rbx, rbp
  top[2] = reinterpret_cast<std::uintptr_t>(entry);     // r13
  top[3] = reinterpret_cast<std::uintptr_t>(argument);  // r12
  top[6] = reinterpret_cast<std::uintptr_t>(&dream_twin_start);
  top_ = top;
}

void Context::change(Context& from, Context& to) { dream_twin_change(&from.top_, to.top_); }

}  // namespace dream::kernels::twin

#else

namespace dream::kernels::twin {

/// makecontext() hands over ints only, so the pointer comes in two.
void Context::enter(unsigned high, unsigned low) {
  const auto* const self = reinterpret_cast<const Context*>(std::uintptr_t{high} << 32U | low);
  self->entry_(self->argument_);
}

void Context::prepare(std::byte* stack, std::size_t bytes, void (*entry)(void*), void* argument) {
  entry_ = entry;
  argument_ = argument;
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack;
  context_.uc_stack.ss_size = bytes;
  context_.uc_link = nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&context_, reinterpret_cast<void (*)()>(&Context::enter), 2,
              static_cast<unsigned>(address >> 32U), static_cast<unsigned>(address));
}

void Context::change(Context& from, Context& to) { swapcontext(&from.context_, &to.context_); }

}  // namespace dream::kernels::twin

#endif
