#include "stages/score/canaries.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/errors.hpp"
#include "lexical/words.hpp"
#include "stages/score/canary_patterns.hpp"

namespace dream::score {
namespace {

constexpr std::string_view blanks = " \t\r";

std::vector<std::string_view> tokens_of(std::string_view line, char separator = ' ') {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const auto end = std::min(line.find(separator), line.size());
    if (end > 0) out.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

bool among(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

}  // namespace

/// Reads the lines of a pattern file.
class CanaryReader {
 public:
  explicit CanaryReader(Canaries& out) : out_(out) {}

  void read(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      ++line_;
      read_line(trimmed(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

 private:
  void read_line(std::string_view line) {
    if (line.empty() || line[0] == '#') return;
    if (line[0] == '@') {
      const auto equals = line.find('=');
      if (equals == std::string_view::npos) fail("a list is written @name = word word");
      auto& list = lists_[std::string(trimmed(line.substr(0, equals)))];
      for (const auto word : tokens_of(line.substr(equals + 1))) list.emplace_back(word);
    } else if (line.starts_with("mark:")) {
      out_.marks_.emplace_back(trimmed(line.substr(5)));
    } else if (line.starts_with("order:")) {
      read_pattern(line.substr(6));
    } else {
      fail("write @name = ..., mark: ... or order: ...");
    }
  }

  void read_pattern(std::string_view text) {
    Canaries::Pattern pattern;
    std::size_t gap = 0;
    for (const auto token : tokens_of(text)) {
      if (token.starts_with("..")) {
        const auto [end, error] = std::from_chars(token.data() + 2, token.data() + token.size(), gap);
        if (error != std::errc() || end != token.data() + token.size()) fail("a gap is written ..3");
      } else if (token[0] == '!') {
        pattern.not_behind = words_of(token.substr(1));
      } else {
        pattern.words.push_back(
            {token == "$" ? std::vector<std::string>{} : words_of(token), gap, token == "$"});
        gap = 0;
      }
    }
    if (pattern.words.empty() || pattern.words[0].end || pattern.words[0].gap > 0)
      fail("a pattern begins with a word");
    out_.patterns_.push_back(std::move(pattern));
  }

  std::vector<std::string> words_of(std::string_view token) {
    if (token[0] == '@') {
      const auto list = lists_.find(std::string(token));
      if (list == lists_.end()) fail("no list above has the name " + std::string(token));
      return list->second;
    }
    std::vector<std::string> out;
    for (const auto word : tokens_of(token, '|')) out.emplace_back(word);
    return out;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw ConfigError("canary patterns, line " + std::to_string(line_) + ": " + what);
  }

  Canaries& out_;
  std::map<std::string, std::vector<std::string>> lists_;
  int line_ = 0;
};

Canaries::Canaries(std::string_view patterns) : digest_(Hasher("canaries").add(patterns).finish()) {
  CanaryReader(*this).read(patterns);
}

bool Canaries::continues(const Pattern& pattern, std::size_t word, const std::vector<std::string>& words,
                         std::size_t at) {
  if (word == pattern.words.size()) return true;
  const auto& wanted = pattern.words[word];
  if (wanted.end) return at + wanted.gap >= words.size();
  for (auto i = at; i < std::min(words.size(), at + wanted.gap + 1); ++i) {
    if (among(wanted.any, words[i]) && continues(pattern, word + 1, words, i + 1)) return true;
  }
  return false;
}

bool Canaries::fits(const Pattern& pattern, const std::vector<std::string>& words, std::size_t at) {
  if (at > 0 && among(pattern.not_behind, words[at - 1])) return false;
  return continues(pattern, 0, words, at);
}

bool Canaries::found_in(std::string_view text) const {
  for (const auto& mark : marks_) {
    if (text.find(mark) != std::string_view::npos) return true;
  }
  // words() folds full-width letters and drops invisible characters, which hide such sentences from a plain
  // search.
  const auto words = lexical::words(text);
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (std::ranges::any_of(patterns_, [&](const Pattern& pattern) { return fits(pattern, words, at); }))
      return true;
  }
  return false;
}

const Canaries& canaries() {
  static const Canaries built_in(canaries_txt);
  return built_in;
}

}  // namespace dream::score
