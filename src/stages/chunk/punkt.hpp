#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "stages/types.hpp"

namespace dream::chunk {

/// The sentences of `text`, one after the other and covering it to the last byte: each holds the white space
/// up to the next sentence, the first one also what stands before it. Empty when `text` is blank.
///
/// The rules are those of an untrained Punkt tokenizer (Kiss & Strunk, Computational Linguistics 32, 2006) as
/// NLTK 3.10 has them: without training no abbreviation, collocation or frequent sentence starter is known,
/// which leaves the decisions on ellipses, initials and numbers, and closing quotes or brackets that follow a
/// full stop. Linear in the text.
[[nodiscard]] std::vector<Span> sentences(std::string_view text);

}  // namespace dream::chunk
