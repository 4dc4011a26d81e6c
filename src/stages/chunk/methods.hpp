#pragma once
#include <string>
#include <string_view>

#include "stages/chunk/chunker.hpp"

/// The rows of the table of chunkers, one function per file, and what they share. docs/chunking.md has the
/// rules.
namespace dream::chunk {

[[nodiscard]] ChunkerRow overlap_row();
[[nodiscard]] ChunkerRow sentence_window_row();
[[nodiscard]] ChunkerRow hierarchical_row();
[[nodiscard]] ChunkerRow paragraph_row();

/// A chunk with its texts, its hash and its pages filled in: those of `context`, which is what an answer
/// quotes. Ordinal, level, links and `indexed` are the caller's.
[[nodiscard]] Chunk make_chunk(const Document& document, Text embed, Text context);

/// The chunks of a method without levels: one for each span, in text order, linked as neighbours.
[[nodiscard]] std::vector<Chunk> make_row_of_chunks(const Document& document, const std::vector<Span>& spans);

/// Links each chunk with the next one: ordinals count up from 0.
void link_neighbours(std::vector<Chunk>& chunks);

/// Why an overlap cannot go with a size, or "". Both in tokens; `size_name` is the parameter to name.
[[nodiscard]] std::string check_overlap(std::int64_t overlap, std::int64_t size, std::string_view size_name);

}  // namespace dream::chunk
