#pragma once
#include <cstdint>
#include <memory>

#include "device/accelerator.hpp"

namespace dream::model {

/// What a model may compute with.
struct Compute {
  /// The CPU alone, with so many threads.
  Compute(int its_threads) : threads(its_threads) {}  // NOLINT(google-explicit-constructor)

  int threads;
  std::shared_ptr<device::Accelerator> accelerator;  ///< null: the CPU computes
  std::int64_t batch_tokens = 8192;                  ///< of an accelerator's batch; DevicePlan::rows
};

}  // namespace dream::model
