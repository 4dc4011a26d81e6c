#pragma once
#include <memory>
#include <string>

#include "comm/gpu.hpp"
#include "comm/vector_exchange.hpp"
#include "tests/support/stand_in/control.hpp"
#include "tests/support/test.hpp"

namespace dream::test {

/// The library that stands in for NCCL and CUDA's driver, built beside the tests (docs/adr/0019).
[[nodiscard]] std::string stand_in_path();

inline std::shared_ptr<const comm::GpuCalls> stand_in() {
  return std::make_shared<const comm::GpuCalls>(stand_in_path(), stand_in_path());
}

/// What this process tells it.
inline stand_in::Control& control(const comm::GpuCalls& calls) {
  return *calls.nccl_library.symbol<stand_in::Control*()>("dream_stand_in_control")();
}

/// This rank's GPU.
inline std::shared_ptr<const comm::Gpu> gpu_of(int rank) {
  return std::make_shared<const comm::Gpu>(stand_in(), rank);
}

}  // namespace dream::test
