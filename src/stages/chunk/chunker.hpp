#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/params.hpp"
#include "stages/types.hpp"
#include "text/tokenizer.hpp"

namespace dream::chunk {

/// Cuts one document. Pure: the same document gives the same chunks on any rank. Safe from several threads.
class Chunker {
 public:
  virtual ~Chunker() = default;
  /// Chunks in output order; chunk i has ordinal i. Empty for a document without text.
  [[nodiscard]] virtual std::vector<Chunk> chunk(const Document& document) const = 0;
};

/// A row of the table of methods.
struct ChunkerRow {
  ComponentInfo info;
  int version = 1;  ///< raised when the output changes for the same input; enters keys
  bool auto_merge =
      false;  ///< retrieved leaves are merged into their parents (stages/retrieve/auto_merge.hpp)
  /// A reason why these parameters make no sense together, or "" (overlap >= size, ascending sizes).
  std::string (*check)(const Params&);
  std::unique_ptr<Chunker> (*make)(const Params&, std::shared_ptr<const text::Tokenizer>);
};

/// All chunkers that a config may name. Adding one: a file, a row here, a test, a line in docs/config.md.
[[nodiscard]] std::span<const ChunkerRow> chunkers();

/// The row of that name. Throws InternalError: the config has checked the name.
[[nodiscard]] const ChunkerRow& chunker_row(std::string_view name);

}  // namespace dream::chunk
