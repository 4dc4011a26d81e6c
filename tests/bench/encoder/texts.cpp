#include "texts.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::bench {
namespace {

constexpr std::int64_t specials = 2;

/// Pieces of so many tokens, one after the other.
class Cutter {
 public:
  Cutter(std::string_view text, const text::Tokenizer& tokenizer)
      : text_(text), tokens_(tokenizer.encode(text)) {}

  /// Appends a piece of `tokens` with the special ones; false at the end of the text.
  bool cut(std::int64_t tokens, Set& set) {
    const auto own = static_cast<std::size_t>(tokens - specials);
    if (at_ + own > tokens_.size()) return false;
    const auto begin = static_cast<std::size_t>(tokens_[at_].begin);
    const auto end = static_cast<std::size_t>(tokens_[at_ + own - 1].end);
    set.texts.emplace_back(text_.substr(begin, end - begin));
    set.tokens.push_back(tokens);
    at_ += own;
    return true;
  }

 private:
  std::string_view text_;
  std::vector<text::Token> tokens_;
  std::size_t at_ = 0;
};

void cut_sentences(std::string_view text, const text::Tokenizer& tokenizer, std::size_t count, Set& set) {
  while (!text.empty() && set.texts.size() < count) {
    const auto end = std::min(text.find_first_of(".!?\n"), text.size() - 1);
    const auto sentence = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (sentence.size() < 16 || sentence.size() > 300) continue;
    const auto tokens = tokenizer.count(sentence);
    if (tokens < 4 || tokens > 60) continue;
    set.texts.emplace_back(sentence);
    set.tokens.push_back(tokens + specials);
  }
}

}  // namespace

std::vector<Set> text_sets(const std::filesystem::path& folder, const text::Tokenizer& tokenizer,
                           std::size_t count) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  Set chunks{"chunks", {}, {}}, sentences{"short", {}, {}}, mixed{"mixed", {}, {}};
  std::mt19937 random(1);
  for (const auto& path : files) {
    const auto text = read_file(path);
    for (Cutter cutter(text, tokenizer); chunks.texts.size() < count && cutter.cut(200, chunks);) {
    }
    cut_sentences(text, tokenizer, 3 * count, sentences);
    for (Cutter cutter(text, tokenizer);
         mixed.texts.size() < count && cutter.cut(8 + random() % 249, mixed);) {
    }
  }
  if (chunks.texts.size() < count || sentences.texts.size() < 3 * count || mixed.texts.size() < count)
    throw ConfigError(folder.string() + " holds too little text for " + std::to_string(count) +
                      " chunks; ask for fewer with --texts");
  return {std::move(chunks), std::move(sentences), std::move(mixed)};
}

void write_lines(const Set& set, const std::filesystem::path& path) {
  std::ofstream file(path);
  for (const auto& text : set.texts) file << nlohmann::json(text).dump() << '\n';
}

}  // namespace dream::bench
