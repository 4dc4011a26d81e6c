#pragma once
#include <functional>
#include <string>
#include <vector>

#include "text/aligned_text.hpp"
#include "text/bert_characters.hpp"
#include "text/charsmap.hpp"

namespace dream::text {

/// One step of a tokenizer's normaliser; the names are those of tokenizer.json.
using Normaliser = std::function<AlignedText(AlignedText)>;

enum class UnicodeForm { nfc, nfd, nfkc, nfkd };

/// Of characters up to Unicode 9, as Hugging Face's tables have it. A place in the result is that of the
/// character, or of the whole run where characters were composed or reordered.
[[nodiscard]] Normaliser unicode_form(UnicodeForm form);
/// Character by character.
[[nodiscard]] Normaliser lowercase();
/// Drops every mark (general category M).
[[nodiscard]] Normaliser strip_accents();
/// Drops white space at the ends.
[[nodiscard]] Normaliser strip(bool left, bool right);
/// Every `pattern` (not empty) becomes `content`.
[[nodiscard]] Normaliser replace(std::string pattern, std::string content);
/// Every run of two or more spaces becomes `content`, in the place of the last: the
/// expression " {2,}".
[[nodiscard]] Normaliser replace_runs_of_spaces(std::string content);
/// Puts `content` before a text that is not empty; its place is that of the first character.
[[nodiscard]] Normaliser prepend(std::string content);
[[nodiscard]] Normaliser precompiled(CharsMap map);
[[nodiscard]] Normaliser bert_normaliser(BertRules rules);
[[nodiscard]] Normaliser in_sequence(std::vector<Normaliser> steps);

}  // namespace dream::text
