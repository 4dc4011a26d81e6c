#pragma once
#include <algorithm>
#include <memory>
#include <string>

#include "base/digest.hpp"
#include "text/tokenizer.hpp"
#include "text/utf8.hpp"

/// The twins of the tokenizers in tests/data/make_llama_index_vectors.py.
namespace dream::test {

/// Runs of ASCII letters and digits, and any other character that is not ASCII white space.
class AlnumTokenizer : public text::Tokenizer {
 public:
  [[nodiscard]] Digest identity() const override { return digest_of("test/alnum"); }
  [[nodiscard]] std::vector<text::Token> encode(std::string_view text) const override {
    std::vector<text::Token> out;
    for (std::size_t at = 0; at < text.size();) {
      auto end = at;
      while (end < text.size() && is_alnum(text[end])) ++end;
      if (end == at) end += text::decode(text, at).bytes;
      if (!is_space(text[at]))
        out.push_back({0, static_cast<std::int64_t>(at), static_cast<std::int64_t>(end)});
      at = end;
    }
    return out;
  }

 private:
  static bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
  static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
};

/// Four bytes a token, the last one shorter: the counts of pieces do not add up to that of the whole.
class FourBytesTokenizer : public text::Tokenizer {
 public:
  [[nodiscard]] Digest identity() const override { return digest_of("test/four_bytes"); }
  [[nodiscard]] std::vector<text::Token> encode(std::string_view text) const override {
    std::vector<text::Token> out;
    const auto size = static_cast<std::int64_t>(text.size());
    for (std::int64_t at = 0; at < size; at += 4) out.push_back({0, at, std::min(at + 4, size)});
    return out;
  }
};

[[nodiscard]] inline std::shared_ptr<const text::Tokenizer> tokenizer(const std::string& name) {
  if (name == "alnum") return std::make_shared<AlnumTokenizer>();
  return std::make_shared<FourBytesTokenizer>();
}

}  // namespace dream::test
