#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lexical/words.hpp"
#include "stages/types.hpp"

namespace dream::testset {

/// The passages of a text that a question can be made from: runs of whole sentences of at most `max_bytes`,
/// in order, without overlap. Left out are those that are mostly numbers and signs (tables) and those that
/// are too short to hold a fact. A sentence that is longer is cut between words.
[[nodiscard]] std::vector<Span> passages_of(std::string_view text, std::int64_t max_bytes);

/// The begin of a text, which often says what document this is: at most `max_bytes`, white space as single
/// blanks.
[[nodiscard]] std::string opening_of(std::string_view text, std::int64_t max_bytes);

/// The distinct stems of the words that carry a subject, sorted.
using WordSet = std::vector<std::string>;
[[nodiscard]] WordSet content_words(lexical::Stemmer& stemmer, std::string_view text);

/// Common words over all words of both; 0 when both are empty.
[[nodiscard]] double similarity(const WordSet& a, const WordSet& b);

}  // namespace dream::testset
