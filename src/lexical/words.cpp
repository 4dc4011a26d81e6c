#include "lexical/words.hpp"

#include <libstemmer.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/errors.hpp"

namespace dream::lexical {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The text after NFKC case folding, as code points. Invalid UTF-8 becomes U+FFFD.
std::vector<UChar32> fold(std::string_view utf8) {
  std::vector<UChar32> out;
  out.reserve(utf8.size());
  if (is_ascii(utf8)) {
    for (const char c : utf8) out.push_back(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return out;
  }
  UErrorCode status = U_ZERO_ERROR;
  std::u16string wide(utf8.size(), u'\0');  // UTF-16 never needs more units than UTF-8 has bytes
  std::int32_t length = 0;
  u_strFromUTF8WithSub(wide.data(), static_cast<std::int32_t>(wide.size()), &length, utf8.data(),
                       static_cast<std::int32_t>(utf8.size()), 0xFFFD, nullptr, &status);
  const auto* normalizer = unorm2_getNFKCCasefoldInstance(&status);
  DREAM_CHECK(U_SUCCESS(status), "ICU cannot fold a text");
  // A character may grow to 18 units (U+FDFA), so a first guess may be too short.
  std::u16string folded(static_cast<std::size_t>(length) * 2 + 32, u'\0');
  auto needed = unorm2_normalize(normalizer, wide.data(), length, folded.data(),
                                 static_cast<std::int32_t>(folded.size()), &status);
  if (status == U_BUFFER_OVERFLOW_ERROR) {
    status = U_ZERO_ERROR;
    folded.resize(static_cast<std::size_t>(needed));
    needed = unorm2_normalize(normalizer, wide.data(), length, folded.data(), needed, &status);
  }
  DREAM_CHECK(U_SUCCESS(status), "ICU cannot fold a text");
  for (std::int32_t i = 0; i < needed;) {
    UChar32 c = 0;
    U16_NEXT(folded.data(), i, needed, c);
    out.push_back(c);
  }
  return out;
}

bool is_unspaced(UChar32 c) {
  if (c < 0x0E00) return false;
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(c, &status)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return true;
    default:
      return false;
  }
}

bool in_word(UChar32 c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return u_isalnum(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

bool is_digit(UChar32 c) { return c < 0x80 ? c >= '0' && c <= '9' : u_isdigit(c) != 0; }

void append(std::string& out, UChar32 c) {
  std::array<char, 4> bytes{};
  std::int32_t n = 0;
  U8_APPEND_UNSAFE(bytes, n, c);
  out.append(bytes.data(), static_cast<std::size_t>(n));
}

/// What a mark between two characters of a word does.
enum class Mark { ends, drops, stays, possessive };

Mark mark_at(const std::vector<UChar32>& text, std::size_t i) {
  if (i == 0 || i + 1 >= text.size()) return Mark::ends;
  const auto c = text[i];
  const auto before = text[i - 1];
  const auto after = text[i + 1];
  if (is_digit(before) && is_digit(after)) {
    if (c == '.') return Mark::stays;
    if (c == ',') return Mark::drops;
  }
  if ((c == '\'' || c == 0x2019) && u_isalpha(before) && u_isalpha(after)) {
    const bool last = i + 2 >= text.size() || !in_word(text[i + 2]);
    return after == 's' && last ? Mark::possessive : Mark::drops;
  }
  return Mark::ends;
}

/// Pairs of neighbours of a run in a script without spaces; the single character of a run of one.
void add_pairs(const std::vector<UChar32>& run, std::vector<std::string>& out) {
  for (std::size_t i = 0; i + 1 < std::max<std::size_t>(run.size(), 2); ++i) {
    std::string pair;
    append(pair, run[i]);
    if (i + 1 < run.size()) append(pair, run[i + 1]);
    out.push_back(std::move(pair));
  }
}

// Sorted, for binary_search. "s" and "t" are what is left of contractions.
constexpr std::array<std::string_view, 138> stop_words{
    "a",       "about",   "above",   "after",  "again",      "against", "all",     "also",  "am",     "an",
    "and",     "any",     "are",     "as",     "at",         "be",      "because", "been",  "before", "being",
    "below",   "between", "both",    "but",    "by",         "can",     "cannot",  "could", "did",    "didnt",
    "do",      "does",    "doesnt",  "doing",  "dont",       "down",    "during",  "each",  "few",    "for",
    "from",    "further", "had",     "has",    "have",       "having",  "he",      "her",   "here",   "hers",
    "herself", "him",     "himself", "his",    "how",        "i",       "if",      "in",    "into",   "is",
    "isnt",    "it",      "its",     "itself", "just",       "may",     "me",      "might", "more",   "most",
    "must",    "my",      "myself",  "no",     "nor",        "not",     "now",     "of",    "off",    "on",
    "once",    "only",    "or",      "other",  "our",        "ours",    "out",     "over",  "own",    "s",
    "same",    "shall",   "she",     "should", "so",         "some",    "such",    "t",     "than",   "that",
    "the",     "their",   "theirs",  "them",   "themselves", "then",    "there",   "these", "they",   "this",
    "those",   "through", "to",      "too",    "under",      "until",   "up",      "upon",  "very",   "was",
    "we",      "were",    "what",    "when",   "where",      "which",   "while",   "who",   "whom",   "whose",
    "why",     "will",    "with",    "within", "would",      "you",     "your",    "yours"};
static_assert(std::is_sorted(stop_words.begin(), stop_words.end()));

}  // namespace

std::vector<std::string> words(std::string_view utf8) {
  const auto text = fold(utf8);
  std::vector<std::string> out;
  std::string word;
  std::vector<UChar32> run;
  const auto end_word = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
    if (!run.empty()) add_pairs(run, out);
    run.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (in_word(c)) {
      // A combining mark belongs to what stands before it, whatever its own script.
      const bool unspaced = is_unspaced(c) || (!run.empty() && !u_isalnum(c));
      if (unspaced ? !word.empty() : !run.empty()) end_word();
      if (unspaced)
        run.push_back(c);
      else
        append(word, c);
      continue;
    }
    switch (mark_at(text, i)) {
      case Mark::ends:
        end_word();
        break;
      case Mark::drops:
        break;
      case Mark::stays:
        append(word, c);
        break;
      case Mark::possessive:
        ++i;
        break;
    }
  }
  end_word();
  return out;
}

bool is_stop_word(std::string_view word) {
  return std::binary_search(stop_words.begin(), stop_words.end(), word);
}

bool has_digit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void Stemmer::Close::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

Stemmer::Stemmer() : stemmer_(sb_stemmer_new("english", nullptr)) {
  DREAM_CHECK(stemmer_ != nullptr, "libstemmer has no English");
}

std::string Stemmer::stem(const std::string& word) {
  const bool letters = std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (!letters) return word;
  const auto* out = sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                                    static_cast<int>(word.size()));
  DREAM_CHECK(out != nullptr, "libstemmer has no memory");
  return {reinterpret_cast<const char*>(out), static_cast<std::size_t>(sb_stemmer_length(stemmer_.get()))};
}

std::vector<std::string> Stemmer::stems(std::string_view utf8) {
  auto out = words(utf8);
  for (auto& word : out) word = stem(word);
  return out;
}

}  // namespace dream::lexical
