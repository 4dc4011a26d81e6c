#include <algorithm>
#include <map>

#include "lexical/python_text.hpp"
#include "stages/score/text_metrics.hpp"
#include "text/utf8.hpp"

namespace dream::score {
namespace {

bool is_ascii_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/// The text with a space in the place of every "a", "an" and "the" that stands alone. Alone is what no letter
/// and no digit touches: the word before a combining mark is one, too.
std::string without_articles(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto end = at;
    while (end < text.size()) {
      const auto point = text::decode(text, end);
      if (!lexical::is_word_character(point.value)) break;
      end += point.bytes;
    }
    const auto word = text.substr(at, end - at);
    out += word == "a" || word == "an" || word == "the" ? " " : word;
    if (end < text.size()) {
      const auto bytes = text::decode(text, end).bytes;
      out += text.substr(end, bytes);
      end += bytes;
    }
    at = end;
  }
  return out;
}

}  // namespace

std::vector<std::string> squad_words(std::string_view text) {
  auto small = lexical::lower(text);
  std::erase_if(small, is_ascii_punctuation);
  const auto bare = without_articles(small);
  std::vector<std::string> out;
  for (const auto word : lexical::split(bare)) out.emplace_back(word);
  return out;
}

double exact_match(std::string_view answer, std::string_view reference) {
  return squad_words(answer) == squad_words(reference) ? 1 : 0;
}

double token_f1(std::string_view answer, std::string_view reference) {
  const auto said = squad_words(answer);
  const auto wanted = squad_words(reference);
  if (said.empty() || wanted.empty()) return said == wanted ? 1 : 0;
  std::map<std::string_view, std::int64_t> left;
  for (const auto& word : wanted) ++left[word];
  std::int64_t same = 0;
  for (const auto& word : said) {
    const auto at = left.find(word);
    if (at == left.end() || at->second == 0) continue;
    --at->second;
    ++same;
  }
  return 2 * static_cast<double>(same) / static_cast<double>(said.size() + wanted.size());
}

}  // namespace dream::score
