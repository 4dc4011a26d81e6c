#pragma once
#include <cstdint>

/// What BERT's normaliser and pre-tokeniser do with one character. Vocabularies were counted with these
/// rules, so they are the rules of Hugging Face's `tokenizers` code point by code point: general categories
/// as of Unicode 8.0 (younger characters are ordinary letters to it), case mappings as of Unicode 17.
namespace dream::text {

/// How BERT's normaliser treats a text before the vocabulary sees it.
struct BertRules {
  bool clean = true;          ///< drop control characters, make every white space a space
  bool ideographs = true;     ///< each ideograph is a word
  bool strip_accents = true;  ///< canonical decomposition without its non-spacing marks
  bool lowercase = true;
};

enum class BertClass : std::uint8_t {
  letter,       ///< part of a word
  punctuation,  ///< a word of its own
  space,        ///< between words
  dropped       ///< as if it were not there
};

/// What cleaning makes of a character of the input: letter (kept as it is), space or dropped.
[[nodiscard]] BertClass clean(char32_t c);

/// What the pre-tokeniser sees in a character: letter, punctuation or space.
[[nodiscard]] BertClass split(char32_t c);

/// The blocks of ideographs that are words by themselves.
[[nodiscard]] bool is_ideograph(char32_t c);

/// A combining mark that stripping of accents takes away.
[[nodiscard]] bool is_accent(char32_t c);

/// A character's full canonical decomposition, or its lower case: at most 4 characters.
struct Expansion {
  char32_t chars[4] = {};
  int size = 0;
};
[[nodiscard]] Expansion decompose(char32_t c);
[[nodiscard]] Expansion lower(char32_t c);

/// The canonical combining class, which orders marks after a decomposition; 0 for a character that starts
/// anew.
[[nodiscard]] int combining_class(char32_t c);

}  // namespace dream::text
