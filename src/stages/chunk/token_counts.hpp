#pragma once
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "stages/types.hpp"
#include "text/tokenizer.hpp"

namespace dream::chunk {

/// How many tokens the ranges of one document have, each counted once: the levels of a hierarchy ask for the
/// same sentences again. For one thread; refers to the text and the tokenizer.
class TokenCounts {
 public:
  TokenCounts(std::string_view text, const text::Tokenizer& tokenizer)
      : text_(text), tokenizer_(&tokenizer) {}

  [[nodiscard]] std::int64_t operator()(Span range);
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::string_view text(Span range) const {
    return text_.substr(static_cast<std::size_t>(range.begin), static_cast<std::size_t>(range.size()));
  }

 private:
  struct SpanHash {
    std::size_t operator()(const Span& s) const {
      return static_cast<std::size_t>(s.begin) * 0x9E3779B97F4A7C15ULL ^ static_cast<std::size_t>(s.end);
    }
  };
  std::string_view text_;
  const text::Tokenizer* tokenizer_;
  std::unordered_map<Span, std::int64_t, SpanHash> ranges_;
  std::unordered_map<std::string_view, std::int64_t> characters_;
};

}  // namespace dream::chunk
