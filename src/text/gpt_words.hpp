#pragma once
#include <cstddef>
#include <string_view>

namespace dream::text {

/// How the byte-level families cut a text into words; the names are those of the regular expressions.
enum class GptPattern {
  gpt2,     ///< GPT-2, RoBERTa, ModernBERT: contractions, runs of letters, of digits, of others
  cl100k,   ///< the same expression as written in tokenizer.json files: digits in threes, no case
  tiktoken  ///< cl100k as tiktoken has it: white space at the end of the text stays one word
};

/// Where the word that begins at byte `at` of valid UTF-8 ends (at < text.size()). Linear over a text.
[[nodiscard]] std::size_t gpt_word_end(GptPattern pattern, std::string_view text, std::size_t at);

}  // namespace dream::text
