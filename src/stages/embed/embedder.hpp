#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/matrix.hpp"
#include "base/params.hpp"
#include "base/pulse.hpp"
#include "model/compute.hpp"
#include "model/sequence_encoder.hpp"
#include "text/tokenizer.hpp"

namespace dream::embed {

/// Some models prefix the two sides differently ("query: ", "passage: ").
enum class Role { passage, query };

/// Turns texts into vectors. One object per rank; embed() uses its own threads and is called from one thread.
class Embedder {
 public:
  virtual ~Embedder() = default;
  [[nodiscard]] virtual int dimension() const = 0;
  /// Longest input in tokens of its own tokenizer, special ones included; 0: no limit. Longer texts are cut
  /// there.
  [[nodiscard]] virtual int window_tokens() const = 0;
  /// The model's tokenizer, or null when it has none.
  [[nodiscard]] virtual std::shared_ptr<const text::Tokenizer> tokenizer() const = 0;
  /// Digest of all that decides the vectors: weights, tokenizer, pooling, prefixes, precision, numeric class.
  /// It enters keys. Never paths, never time.
  [[nodiscard]] virtual Digest identity() const = 0;
  /// In which numbers it computes, for log and manifest: "fp32", "bf16" or "int8"; empty where that is
  /// nobody's choice.
  [[nodiscard]] virtual std::string precision() const { return {}; }
  /// Bytes of the weights that place_weights() puts somewhere, alike on all ranks; 0: it has none.
  [[nodiscard]] virtual std::int64_t weight_bytes() const { return 0; }
  /// Writes this rank's part of the weights into memory of that size, once. Without it, the first embed()
  /// makes memory of its own. Throws ModelError for a tensor that is missing or does not fit.
  virtual void place_weights(model::WeightMemory memory) { (void)memory; }
  /// What load() takes of the accelerator; nothing where the CPU computes.
  [[nodiscard]] virtual model::DeviceBytes device_bytes() const { return {}; }
  /// Brings the weights into the accelerator's memory, once; without it the first embed() does. Throws
  /// ModelError as place_weights() does, and Error where the memory does not suffice.
  virtual void load() {}
  /// out: (texts.size(), dimension()) row-major, L2-normalised. The vector of a text does not depend, in any
  /// bit, on the other texts of the call. Calls `pulse` between batches.
  virtual void embed(std::span<const std::string_view> texts, Role role, MatrixView<float> out,
                     const Pulse& pulse) const = 0;
};

/// A row of the table of embedder kinds (`kind` of a [models.*] table).
struct EmbedderRow {
  ComponentInfo info;
  /// compute: what this rank may use. Throws ModelError for files that are missing or do not fit.
  std::unique_ptr<Embedder> (*make)(const Params&, const model::Compute& compute);
};

[[nodiscard]] std::span<const EmbedderRow> embedders();
/// The row of that kind, or nullptr when the kind is no embedder (a language model, say).
[[nodiscard]] const EmbedderRow* embedder_row(std::string_view kind);

}  // namespace dream::embed
