#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace dream::text {

/// A token and the bytes [begin, end) of its piece.
struct PieceToken {
  std::int32_t id = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Cuts one piece (a word, mostly) into tokens of a vocabulary. Immutable: each thread brings its own Cutter.
class PieceModel {
 public:
  /// Cuts piece after piece with memory of its own that it uses again. The model must outlive it.
  class Cutter {
   public:
    virtual ~Cutter() = default;
    /// The tokens of a piece of valid UTF-8 that is not empty, in order; they stay until the next call.
    virtual const std::vector<PieceToken>& cut(std::string_view piece) = 0;
  };

  virtual ~PieceModel() = default;
  [[nodiscard]] virtual std::unique_ptr<Cutter> cutter() const = 0;
};

}  // namespace dream::text
