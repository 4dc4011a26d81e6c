#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"

namespace dream::text {

/// A token and the bytes [begin, end) of the input that it stands for.
struct Token {
  std::int32_t id = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Cuts text into tokens. Immutable after construction and safe to use from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  /// Digest of all that decides the tokens; it enters keys.
  [[nodiscard]] virtual Digest identity() const = 0;
  /// Tokens without special ones ([CLS], [SEP]). Invalid UTF-8 is read as U+FFFD.
  [[nodiscard]] virtual std::vector<Token> encode(std::string_view text) const = 0;
  [[nodiscard]] virtual std::int64_t count(std::string_view text) const {
    return static_cast<std::int64_t>(encode(text).size());
  }
};

/// Words after UAX #29 (ICU); spaces and punctuation between them are no tokens. ids are all 0.
[[nodiscard]] std::shared_ptr<const Tokenizer> words_tokenizer();

}  // namespace dream::text
