#pragma once
#include <atomic>

/// What a test tells the stand-in that it has loaded: the library of this process, nobody else's. Reached
/// through the symbol dream_stand_in_control.
namespace dream::stand_in {

struct Control {
  std::atomic<int> devices{8};       ///< GPUs of the host; DREAM_STAND_IN_GPUS before the first call
  std::atomic<int> version{22809};   ///< as ncclGetVersion gives it; DREAM_STAND_IN_NCCL
  std::atomic<int> refuse_start{0};  ///< ncclCommInitRankConfig ends with this code
  /// From this group of a communicator on, counted from 0, each ends with fail_code as asynchronous error;
  /// DREAM_STAND_IN_FAIL_GROUP.
  std::atomic<int> fail_group{-1};
  std::atomic<int> fail_code{6};
  std::atomic<int> silent_from{-1};  ///< from this group on nothing moves; DREAM_STAND_IN_SILENT_FROM
  std::atomic<bool> edges{false};    ///< of a message only its first and last bytes travel
  std::atomic<int> live_comms{0};    ///< neither destroyed nor aborted
  std::atomic<int> live_buffers{0};
};

inline constexpr long edge_bytes = 4096;

extern "C" Control* dream_stand_in_control();

}  // namespace dream::stand_in
