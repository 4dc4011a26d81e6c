#pragma once
#include <cstdint>
#include <span>

#include "base/matrix.hpp"
#include "base/pulse.hpp"
#include "model/weight_memory.hpp"
#include "model/workers.hpp"

namespace dream::model {

/// Token ids without padding: sequence s is ids [offsets[s], offsets[s + 1]), special tokens included, never
/// empty and at most the encoder's window long.
struct Sequences {
  std::span<const std::int32_t> ids;
  std::span<const std::int64_t> offsets;
  /// Of each sequence the first token of its second text, counted from the sequence's own first; empty: there
  /// are no pairs.
  std::span<const std::int64_t> seconds{};
  std::int64_t prompt = 0;  ///< the first tokens of every sequence, which the head passes over
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

/// Bytes of an accelerator's memory.
struct DeviceBytes {
  std::int64_t weights = 0, buffers = 0;
};

/// A transformer encoder, wherever it computes. A sequence's vector does not depend, in any bit, on the
/// others of a call.
class SequenceEncoder {
 public:
  virtual ~SequenceEncoder() = default;

  /// Bytes of the host's memory that place_weights() fills, alike in every process that has the same model;
  /// 0: it needs none.
  [[nodiscard]] virtual std::int64_t weight_bytes() const { return 0; }
  /// Packs this process's part of the weights, once, before encode(), which otherwise packs all of them into
  /// memory of its own when it is first called. Throws ModelError for a tensor that is missing or does not
  /// fit.
  virtual void place_weights(WeightMemory memory) const { (void)memory; }

  /// What it takes of an accelerator; nothing where it does not compute there. Reads no tensor.
  [[nodiscard]] virtual DeviceBytes device_bytes() const { return {}; }
  /// Takes that, and brings the weights there, once; without it the first encode() does.
  virtual void load() const {}

  /// out: (sequences, outputs of the head). Calls `pulse` from this thread while others work. From one thread
  /// at a time.
  virtual void encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const = 0;

  /// Threads for work around encode().
  [[nodiscard]] virtual Workers& workers() const = 0;
  /// Whether they are free during it, too.
  [[nodiscard]] virtual bool leaves_workers_free() const { return false; }
};

}  // namespace dream::model
