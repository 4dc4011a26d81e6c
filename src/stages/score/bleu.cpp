#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include "lexical/python_text.hpp"
#include "stages/score/text_metrics.hpp"

namespace dream::score {
namespace {

constexpr std::size_t orders = 4;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_stop(char c) { return c == '.' || c == ','; }

/// ASCII symbols that stand alone in any case; points, commas, dashes and apostrophes do not.
bool is_symbol(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

std::string symbols_apart(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_symbol(c))
      out += {' ', c, ' '};
    else
      out += c;
  }
  return out;
}

/// Puts in `between` wherever `first` and `second` hold for two neighbours; a pair that was found is passed
/// over, as a pattern of two characters does. Bytes are enough: both sides ask about ASCII alone, and "no
/// digit" fits the last byte of a character as it fits the character.
template <class First, class Second>
std::string apart(std::string_view text, First first, Second second, bool before, bool middle, bool after) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool found = i + 1 < text.size() && first(text[i]) && second(text[i + 1]);
    if (!found) {
      out += text[i];
      continue;
    }
    if (before) out += ' ';
    out += text[i];
    if (middle) out += ' ';
    out += text[++i];
    if (after) out += ' ';
  }
  return out;
}

/// The tokens of mteval-v13a, as sacrebleu has them.
std::vector<std::string> tokens_of(std::string_view text) {
  std::string line(lexical::right_trimmed(text));
  line = replaced(std::move(line), "<skipped>", "");
  line = replaced(std::move(line), "-\n", "");
  std::ranges::replace(line, '\n', ' ');
  for (const auto& [mark, character] :
       {std::pair{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}})
    line = replaced(std::move(line), mark, character);
  const auto no_digit = [](char c) { return !is_digit(c); };
  const auto is_dash = [](char c) { return c == '-'; };
  line = symbols_apart(" " + line + " ");
  line = apart(line, no_digit, is_stop, false, true, true);
  line = apart(line, is_stop, no_digit, true, true, false);
  line = apart(line, is_digit, is_dash, false, true, true);
  std::vector<std::string> out;
  for (const auto token : lexical::split(line)) out.emplace_back(token);
  return out;
}

using Counts = std::map<std::span<const std::string>, std::int64_t,
                        decltype([](std::span<const std::string> a, std::span<const std::string> b) {
                          return std::ranges::lexicographical_compare(a, b);
                        })>;

Counts counts_of(const std::vector<std::string>& tokens, std::size_t order) {
  Counts counts;
  for (std::size_t i = 0; i + order <= tokens.size(); ++i) ++counts[std::span(tokens).subspan(i, order)];
  return counts;
}

/// Of one order: n-grams of the answer, and those of them that the reference has.
struct Matches {
  std::int64_t all = 0;
  std::int64_t right = 0;
};

Matches matches_of(const std::vector<std::string>& said, const std::vector<std::string>& wanted,
                   std::size_t order) {
  const auto reference = counts_of(wanted, order);
  Matches out;
  for (const auto& [gram, count] : counts_of(said, order)) {
    out.all += count;
    if (const auto at = reference.find(gram); at != reference.end()) out.right += std::min(count, at->second);
  }
  return out;
}

}  // namespace

double bleu(std::string_view answer, std::string_view reference) {
  const auto said = tokens_of(answer);
  const auto wanted = tokens_of(reference);
  std::array<Matches, orders> found;
  for (std::size_t n = 0; n < orders; ++n) found[n] = matches_of(said, wanted, n + 1);
  if (found[0].right == 0) return 0;  // then no longer n-gram is right either
  double smoothing = 1;
  double logarithms = 0;
  double order = 0;  // orders that the answer is long enough for
  for (const auto& [all, right] : found) {
    if (all == 0) break;
    ++order;
    if (right == 0) smoothing *= 2;
    logarithms +=
        std::log((right == 0 ? 1 / smoothing : static_cast<double>(right)) / static_cast<double>(all));
  }
  const auto length = static_cast<double>(said.size());
  const auto wanted_length = static_cast<double>(wanted.size());
  const double brevity = length < wanted_length ? std::exp(1 - wanted_length / length) : 1;
  return brevity * std::exp(logarithms / order);
}

}  // namespace dream::score
