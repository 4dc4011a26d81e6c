#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "stages/types.hpp"

namespace dream::corpus {

/// Enters the key of everything that is made from cleaned text: raise it when clean() may give other bytes.
inline constexpr int clean_version = 1;

/// The document that the stages work on: pages as a reader gave them, joined, in normal_text() form, runs of
/// blank lines collapsed to one (a blank line is a paragraph break), no blanks at either end. The paragraphs
/// of md and txt stay verbatim. Pages of a pdf are lines of print: words that were cut at a line end are
/// joined when the document itself shows how they are spelt, runs of blanks become one, Latin ligatures
/// become letters, and a blank line is set where a paragraph ends. page_begin[i] is where page i begins; an
/// empty page begins where the next one does. Local and deterministic: the same pages give the same bytes.
[[nodiscard]] Document clean(const Digest& hash, std::string_view format,
                             const std::vector<std::string>& pages);

}  // namespace dream::corpus
