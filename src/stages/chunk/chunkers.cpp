#include <algorithm>
#include <array>

#include "base/errors.hpp"
#include "stages/chunk/methods.hpp"

namespace dream::chunk {
namespace {

/// 1-based number of the page that holds the byte.
std::int32_t page_of(const Document& document, std::int64_t byte) {
  const auto& begins = document.page_begin;
  const auto after = std::upper_bound(begins.begin(), begins.end(), byte);
  return std::max(1, static_cast<std::int32_t>(after - begins.begin()));
}

}  // namespace

std::span<const ChunkerRow> chunkers() {
  static const std::array rows{overlap_row(), sentence_window_row(), hierarchical_row(), paragraph_row()};
  return rows;
}

const ChunkerRow& chunker_row(std::string_view name) {
  const auto rows = chunkers();
  const auto found = std::ranges::find_if(rows, [&](const ChunkerRow& row) { return row.info.name == name; });
  DREAM_CHECK(found != rows.end(), "no chunker " + std::string(name));
  return *found;
}

Chunk make_chunk(const Document& document, Text embed, Text context) {
  DREAM_CHECK(!embed.spans.empty() && !context.spans.empty(), "a chunk without text");
  Chunk chunk;
  chunk.text_hash = digest_of(render(embed, document.text));
  chunk.first_page = page_of(document, context.spans.front().begin);
  chunk.last_page = page_of(document, std::max(context.spans.front().begin, context.spans.back().end - 1));
  chunk.embed = std::move(embed);
  chunk.context = std::move(context);
  return chunk;
}

std::vector<Chunk> make_row_of_chunks(const Document& document, const std::vector<Span>& spans) {
  std::vector<Chunk> chunks;
  chunks.reserve(spans.size());
  for (const auto& span : spans) chunks.push_back(make_chunk(document, {{span}, ""}, {{span}, ""}));
  link_neighbours(chunks);
  return chunks;
}

void link_neighbours(std::vector<Chunk>& chunks) {
  const auto count = static_cast<std::int32_t>(chunks.size());
  for (std::int32_t i = 0; i < count; ++i) {
    auto& chunk = chunks[static_cast<std::size_t>(i)];
    chunk.ordinal = i;
    chunk.prev = i - 1;
    chunk.next = i + 1 < count ? i + 1 : -1;
  }
}

std::string check_overlap(std::int64_t overlap, std::int64_t size, std::string_view size_name) {
  if (overlap < size) return "";
  return "overlap = " + std::to_string(overlap) + " must be smaller than " + std::string(size_name) + " = " +
         std::to_string(size);
}

}  // namespace dream::chunk
