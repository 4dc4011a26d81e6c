#include <algorithm>
#include <array>
#include <vector>

#include "lexical/words.hpp"
#include "stages/score/text_metrics.hpp"

namespace dream::score {
namespace {

struct Marks {
  std::string_view open;
  std::string_view close;
};

/// Single marks are left out: they are apostrophes more often. „...“ must come before “...”.
constexpr std::array<Marks, 6> pairs{
    {{"„", "“"}, {"“", "”"}, {"«", "»"}, {"「", "」"}, {"『", "』"}, {"\"", "\""}}};

/// A straight mark opens before a character and closes behind one, so that inches (6") are no quotation.
bool may_open(std::string_view text, std::size_t at) {
  const auto touches = [&](char c) { return c != ' ' && c != '\n' && c != '\t'; };
  const bool free_before = at == 0 || !touches(text[at - 1]) ||
                           std::string_view("([{-:;,").find(text[at - 1]) != std::string_view::npos;
  return free_before && at + 1 < text.size() && touches(text[at + 1]);
}

using Words = std::vector<std::string>;

/// The words of every quotation. One that is not closed in its line is none.
std::vector<Words> quotations_of(std::string_view text) {
  std::vector<Words> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto mark = std::ranges::find_if(
        pairs, [&](const Marks& one) { return text.substr(at, one.open.size()) == one.open; });
    if (mark == pairs.end() || (mark->open == "\"" && !may_open(text, at))) {
      ++at;
      continue;
    }
    const auto begin = at + mark->open.size();
    const auto end = text.find(mark->close, begin);
    if (end == std::string_view::npos ||
        text.substr(begin, end - begin).find('\n') != std::string_view::npos) {
      at = begin;
      continue;
    }
    auto words = lexical::words(text.substr(begin, end - begin));
    if (!words.empty()) out.push_back(std::move(words));
    at = end + mark->close.size();
  }
  return out;
}

}  // namespace

std::optional<double> quoted_spans(std::string_view answer, std::span<const std::string> contexts) {
  const auto quotations = quotations_of(answer);
  if (quotations.empty()) return std::nullopt;
  std::vector<Words> read;
  for (const auto& context : contexts) read.push_back(lexical::words(context));
  const auto stands = std::ranges::count_if(quotations, [&read](const Words& words) {
    return std::ranges::any_of(
        read, [&words](const Words& context) { return !std::ranges::search(context, words).empty(); });
  });
  return static_cast<double>(stands) / static_cast<double>(quotations.size());
}

}  // namespace dream::score
