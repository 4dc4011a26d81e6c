#include "stages/chunk/sentence_splitter.hpp"

#include <string_view>

#include "stages/chunk/characters.hpp"
#include "stages/chunk/punkt.hpp"
#include "text/utf8.hpp"

namespace dream::chunk {
namespace {

struct Piece {
  Span span;
  std::int64_t tokens = 0;
};

/// Pieces that begin at each `separator` (those found from the left, not overlapping), the rest before it.
std::vector<Span> cut_before(std::string_view text, std::string_view separator) {
  std::vector<Span> out;
  std::size_t begin = 0;
  for (auto at = text.find(separator); at != std::string_view::npos;
       at = text.find(separator, at + separator.size())) {
    if (at > begin) out.push_back({static_cast<std::int64_t>(begin), static_cast<std::int64_t>(at)});
    begin = at;
  }
  out.push_back({static_cast<std::int64_t>(begin), static_cast<std::int64_t>(text.size())});
  return out;
}

/// Bytes of one of `, . ; 。 ？ ！` at `at`, or 0.
std::size_t phrase_mark_at(std::string_view text, std::size_t at) {
  if (text[at] == ',' || text[at] == '.' || text[at] == ';') return 1;
  const auto rest = text.substr(at, 3);
  return rest == "\u3002" || rest == "\uff1f" || rest == "\uff01" ? 3 : 0;
}

/// Pieces that end behind a phrase mark; a mark right behind another one stands alone.
std::vector<Span> cut_behind_marks(std::string_view text) {
  std::vector<Span> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto mark = phrase_mark_at(text, at);
    at += mark == 0 ? 1 : mark;  // a byte inside a character is never mistaken for a mark
    if (mark == 0 && at < text.size()) continue;
    out.push_back({static_cast<std::int64_t>(begin), static_cast<std::int64_t>(at)});
    begin = at;
  }
  return out;
}

std::vector<Span> cut_into_characters(std::string_view text) {
  std::vector<Span> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = at + text::decode(text, at).bytes;
    out.push_back({static_cast<std::int64_t>(at), static_cast<std::int64_t>(end)});
    at = end;
  }
  return out;
}

/// The coarsest cut of `text` that gives more than one piece; a single character stays whole.
std::vector<Span> coarsest_cut(std::string_view text) {
  auto out = cut_before(text, "\n\n\n");
  if (out.size() <= 1) out = sentences(text);
  if (out.size() <= 1) out = cut_behind_marks(text);
  if (out.size() <= 1) out = cut_before(text, " ");
  if (out.size() <= 1) out = cut_into_characters(text);
  return out;
}

/// Appends the pieces of `range`, whose tokens are `tokens`, none above `size` if it can be helped.
void cut(TokenCounts& counts, Piece whole, std::int64_t size, std::vector<Piece>& out) {
  if (whole.tokens <= size) {
    out.push_back(whole);
    return;
  }
  const auto cuts = coarsest_cut(counts.text(whole.span));
  for (const auto& span : cuts) {
    const Span absolute{whole.span.begin + span.begin, whole.span.begin + span.end};
    const Piece piece{absolute, counts(absolute)};
    if (cuts.size() == 1)
      out.push_back(piece);
    else
      cut(counts, piece, size, out);
  }
}

/// Joins neighbouring pieces. Chunks are runs of pieces, so an open chunk is where it begins and what it sums
/// to.
std::vector<Span> join(const std::vector<Piece>& pieces, SplitSizes sizes) {
  std::vector<Span> out;
  std::size_t first = 0;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto next = pieces[i].tokens;
    if (i > 0 && tokens + next > sizes.size) {
      out.push_back({pieces[first].span.begin, pieces[i - 1].span.end});
      std::size_t keep = i;
      for (tokens = 0; keep > first && tokens + pieces[keep - 1].tokens <= sizes.overlap; --keep) {
        tokens += pieces[keep - 1].tokens;
      }
      first = keep;
      for (; first < i && tokens + next > sizes.size; ++first) tokens -= pieces[first].tokens;
    }
    tokens += next;
  }
  if (!pieces.empty()) out.push_back({pieces[first].span.begin, pieces.back().span.end});
  return out;
}

}  // namespace

std::vector<Span> split_by_sentences(TokenCounts& counts, Span range, SplitSizes sizes) {
  std::vector<Span> out;
  if (range.size() == 0) return out;
  std::vector<Piece> pieces;
  cut(counts, {range, counts(range)}, sizes.size, pieces);
  for (const auto& span : join(pieces, sizes)) {
    const auto text = trimmed(counts.text(), span);
    if (text.size() > 0) out.push_back(text);
  }
  return out;
}

}  // namespace dream::chunk
