#include "stages/chunk/punkt.hpp"

#include <algorithm>
#include <optional>

#include "stages/chunk/characters.hpp"
#include "text/utf8.hpp"

namespace dream::chunk {
namespace {

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

/// Bytes of a curly quote or guillemet at `at`, or 0.
std::size_t curly_quote_at(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at, 3);
  if (rest == "\u2018" || rest == "\u2019" || rest == "\u201c" || rest == "\u201d") return 3;
  return rest.substr(0, 2) == "\u00ab" || rest.substr(0, 2) == "\u00bb" ? 2 : 0;
}

/// Bytes of a character that cannot stand inside a word, or 0.
std::size_t non_word_at(std::string_view text, std::size_t at) {
  return one_of(text[at], ")\";}]*:@'({[?!") ? 1 : curly_quote_at(text, at);
}

/// Bytes of a character that may close a sentence behind its full stop, or 0.
std::size_t closer_at(std::string_view text, std::size_t at) {
  return one_of(text[at], "\"')]}") ? 1 : curly_quote_at(text, at);
}

/// Bytes of a dash "--", an ellipsis "..." or a spaced one ". . ." at `at`, or 0.
std::size_t multi_char_at(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c != '-' && c != '.') return 0;
  const auto run = std::min(text.find_first_not_of(c, at), text.size()) - at;
  if (run >= 2) return run;
  if (c == '-') return 0;
  // At least two pairs of a full stop and a space, then a full stop: the last one may be the head of a
  // further pair.
  std::size_t end = 0;
  int pairs = 0;
  for (std::size_t i = at; i < text.size() && text[i] == '.'; ++pairs) {
    if (pairs >= 2) end = i + 1;
    const auto space = i + 1 < text.size() ? space_at(text, i + 1) : 0;
    if (space == 0) break;
    i += 1 + space;
  }
  return end == 0 ? 0 : end - at;
}

bool ends_word(std::string_view line, std::size_t at) {
  const auto edge = [&](std::size_t i) {
    return i == line.size() || space_at(line, i) != 0 || non_word_at(line, i) != 0 ||
           multi_char_at(line, i) != 0;
  };
  return edge(at) || (line[at] == ',' && edge(at + 1));
}

/// The token at `at`, which is no white space: punctuation, or a word with the full stops and commas inside
/// it.
std::string_view token_at(std::string_view line, std::size_t at) {
  if (const auto bytes = multi_char_at(line, at)) return line.substr(at, bytes);
  auto end = at + text::decode(line, at).bytes;
  if (!one_of(line[at], "(\"`{[:;&#*@)}]-,")) {
    while (!ends_word(line, end)) end += text::decode(line, end).bytes;
  }
  return line.substr(at, end - at);
}

bool is_initial(std::string_view token) {
  const auto [value, bytes] = text::decode(token, 0);
  return token.substr(bytes) == "." && is_word_letter(value);
}

bool is_number(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  if (token.starts_with('.') || token.starts_with(',')) token.remove_prefix(1);
  if (token.empty() || !is_digit(text::decode(token, 0).value)) return false;
  for (std::size_t i = 0; i < token.size();) {
    const auto [value, bytes] = text::decode(token, i);
    if (!is_digit(value) && !one_of(token[i], ",.-")) return false;
    i += bytes;
  }
  return true;
}

/// Whether a token looks like the end of a sentence by itself. An ellipsis never does: only a trained model
/// knows what may follow it.
bool may_end_sentence(std::string_view token) {
  return token == "?" || token == "!" || (token.ends_with('.') && !token.ends_with(".."));
}

/// Whether a sentence ends with `token`, seen together with the token behind it: an initial belongs to a
/// name, and a number to an ordinal, unless what follows can begin a sentence.
bool ends_sentence(std::string_view token, std::string_view next) {
  if (!token.ends_with('.')) return true;
  const bool initial = is_initial(token);
  if (!initial && !is_number(token)) return true;
  const auto first = text::decode(next, 0).value;
  const bool goes_on = (next.size() == 1 && one_of(next[0], ";:,.!?")) || is_lower(first);
  return !goes_on && !(initial && is_upper(first));
}

/// Whether a line has tokens. The separators U+001C to U+001F are tokens in a line of words but blank in one
/// without.
bool is_blank(std::string_view line) {
  return trimmed(line, {0, static_cast<std::int64_t>(line.size())}).size() == 0;
}

/// Whether a sentence ends inside `context`. Tokens never reach over a line feed.
bool holds_break(std::string_view context) {
  std::string_view open;  // a token that may end a sentence, until its successor is seen
  for (std::size_t line_begin = 0; line_begin <= context.size();) {
    const auto line_end = std::min(context.find('\n', line_begin), context.size());
    const auto line = context.substr(line_begin, line_end - line_begin);
    for (auto at = is_blank(line) ? line.size() : skip_space(line, 0); at < line.size();
         at = skip_space(line, at)) {
      const auto token = token_at(line, at);
      if (!open.empty() && ends_sentence(open, token)) return true;
      open = may_end_sentence(token) ? token : std::string_view{};
      at += token.size();
    }
    line_begin = line_end + 1;
  }
  return false;
}

/// A full stop, question or exclamation mark, and what stands around it.
struct Candidate {
  std::size_t mark = 0;
  std::size_t after_end = 0;             ///< end of the punctuation or of the word behind the mark
  std::optional<std::size_t> next_word;  ///< where that word begins
};

std::optional<Candidate> candidate_at(std::string_view text, std::size_t mark) {
  const auto after = mark + 1;
  if (after == text.size()) return std::nullopt;
  if (const auto bytes = non_word_at(text, after)) return Candidate{mark, after + bytes, std::nullopt};
  const auto word = skip_space(text, after);
  if (word == after || word == text.size()) return std::nullopt;
  return Candidate{mark, skip_word(text, word), word};
}

/// Where the word before a mark begins. A white space at `from` itself does not count: NLTK uses the index 0
/// for "none", and the same sentences are wanted.
std::size_t word_before(std::string_view text, std::size_t from, std::size_t mark, std::size_t otherwise) {
  const auto found = text.substr(from, mark - from).find_last_of(" \t\n\r\v\f");
  return found == std::string_view::npos || found == 0 ? otherwise : from + found + 1;
}

/// Sentences as they end at their marks, without the closing quotes behind them.
std::vector<Range> cut_at_marks(std::string_view text) {
  std::vector<Range> out;
  std::size_t last_break = 0;
  const auto decide = [&](Range word, const Candidate& candidate) {
    if (!holds_break(text.substr(word.begin, candidate.after_end - word.begin))) return;
    out.push_back({last_break, candidate.mark + 1});
    last_break = candidate.next_word.value_or(candidate.mark + 1);
  };
  // Of marks that share their word ("really?!") only the last one is decided on.
  Range word;
  std::optional<Candidate> previous;
  for (auto at = text.find_first_of(".?!"); at != std::string_view::npos;
       at = text.find_first_of(".?!", at + 1)) {
    const auto candidate = candidate_at(text, at);
    if (!candidate) continue;
    const Range next{word_before(text, word.end, at, word.begin), at};
    if (previous && word.end <= next.begin) decide(word, *previous);
    previous = candidate;
    word = next;
  }
  if (previous) decide(word, *previous);
  const auto body = trimmed(text, {0, static_cast<std::int64_t>(text.size())});
  if (body.size() > 0) out.push_back({last_break, static_cast<std::size_t>(body.end)});
  return out;
}

/// The closing quotes and brackets at the head of a sentence that belong to the one before it: .begin is
/// their length, .end the length with the white space behind them. Nothing when the sentence does not begin
/// so.
std::optional<Range> closers_of(std::string_view sentence) {
  std::size_t at = 0;
  while (at < sentence.size()) {
    const auto bytes = closer_at(sentence, at);
    if (bytes == 0) return std::nullopt;
    at += bytes;
    if (at == sentence.size() || sentence.substr(at, 2) == "--") return Range{at, at};
    if (space_at(sentence, at) != 0) return Range{at, skip_space(sentence, at)};
  }
  return std::nullopt;
}

/// Where the sentences begin, once closing quotes and brackets are given back to the sentence before them.
std::vector<std::size_t> sentence_begins(const std::vector<Range>& cuts, std::string_view text) {
  std::vector<std::size_t> begins;
  std::size_t moved = 0;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const auto begin = cuts[i].begin + moved;
    moved = 0;
    if (i + 1 < cuts.size()) {
      const auto& next = cuts[i + 1];
      if (next.begin < next.end) {
        if (const auto closers = closers_of(text.substr(next.begin, next.end - next.begin))) {
          begins.push_back(begin);
          moved = closers->end;
          continue;
        }
      }
    }
    if (begin < cuts[i].end) begins.push_back(begin);
  }
  return begins;
}

}  // namespace

std::vector<Span> sentences(std::string_view text) {
  const auto begins = sentence_begins(cut_at_marks(text), text);
  std::vector<Span> out;
  out.reserve(begins.size());
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const auto end = i + 1 < begins.size() ? begins[i + 1] : text.size();
    out.push_back({static_cast<std::int64_t>(begins[i]), static_cast<std::int64_t>(end)});
  }
  return out;
}

}  // namespace dream::chunk
