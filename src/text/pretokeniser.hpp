#pragma once
#include <functional>
#include <string>
#include <vector>

#include "text/aligned_text.hpp"
#include "text/gpt_words.hpp"

namespace dream::text {

/// One step of a tokenizer's pre-tokenizer: cuts every part of the text further; the names are those of
/// tokenizer.json.
using Pretokeniser = std::function<Pieces(Pieces)>;

/// White space between parts goes away.
[[nodiscard]] Pretokeniser whitespace_split();
/// White space goes away, every punctuation mark is a part.
[[nodiscard]] Pretokeniser bert_pretokeniser();
[[nodiscard]] Pretokeniser gpt_split(GptPattern pattern);
/// Parts that do not begin with a space get one (ByteLevel's add_prefix_space).
[[nodiscard]] Pretokeniser prefix_space();

enum class Prepend { always, first, never };
/// Spaces become `replacement`, which begins a part wherever it stands (when `split`) and is put before each
/// part that lacks it (first: only before the beginning of the whole text).
[[nodiscard]] Pretokeniser metaspace(std::string replacement, Prepend prepend, bool split);

[[nodiscard]] Pretokeniser in_sequence(std::vector<Pretokeniser> steps);

}  // namespace dream::text
