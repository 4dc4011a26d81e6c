#include "text/normaliser.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <utility>

#include "base/errors.hpp"
#include "text/bert_characters.hpp"
#include "text/utf8.hpp"

namespace dream::text {
namespace {

/// visit(character, its begin, its end) for each character.
template <class Visit>
void each_character(const AlignedText& text, Visit&& visit) {
  for (std::size_t at = 0; at < text.bytes.size();) {
    const auto point = decode(text.bytes, at);
    visit(point.value, at, at + point.bytes);
    at += point.bytes;
  }
}

const icu::Normalizer2& form_of(UnicodeForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const bool compatible = form == UnicodeForm::nfkc || form == UnicodeForm::nfkd;
  const bool composed = form == UnicodeForm::nfc || form == UnicodeForm::nfkc;
  const auto* normalizer = icu::Normalizer2::getInstance(
      nullptr, compatible ? "nfkc" : "nfc", composed ? UNORM2_COMPOSE : UNORM2_DECOMPOSE, status);
  DREAM_CHECK(U_SUCCESS(status), "ICU lacks its normalisation data");
  return *normalizer;
}

bool is_white(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0; }

AlignedText cleaned(const AlignedText& text) {
  AlignedText result;
  each_character(text, [&](char32_t c, std::size_t begin, std::size_t end) {
    const auto kind = clean(c);
    if (kind == BertClass::dropped) return;
    if (kind == BertClass::space) return result.append(U' ', text.place(begin, end));
    result.append(text, begin, end);
  });
  return result;
}

AlignedText apart(const AlignedText& text) {
  AlignedText result;
  each_character(text, [&](char32_t c, std::size_t begin, std::size_t end) {
    const bool alone = is_ideograph(c);
    const auto place = text.place(begin, end);
    if (alone) result.append(U' ', {place.begin, place.begin});
    result.append(text, begin, end);
    if (alone) result.append(U' ', {place.end, place.end});
  });
  return result;
}

AlignedText without(const AlignedText& text, bool (*drop)(char32_t)) {
  AlignedText result;
  each_character(text, [&](char32_t c, std::size_t begin, std::size_t end) {
    if (!drop(c)) result.append(text, begin, end);
  });
  return result;
}

/// The tables of Hugging Face's normalisers end here; younger characters are ordinary letters to them.
constexpr int last_known_version = 9;

bool is_known(char32_t c) {
  if (c < 0x300) return true;
  UVersionInfo age{};
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] > 0 && age[0] <= last_known_version;
}

bool is_mark(char32_t c) {
  // Marks have changed in two places since then.
  if (c == 0x111C9) return false;
  if (c == 0x1CF2 || c == 0x1CF3) return true;
  return c >= 0x300 && (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_M_MASK) != 0 && is_known(c);
}

/// Normalises the run of a text that began at `begin`, and begins the next one.
class Runs {
 public:
  Runs(const icu::Normalizer2& normalizer, const AlignedText& text) : normalizer_(normalizer), text_(text) {}

  [[nodiscard]] AlignedText all() {
    each_character(text_, [&](char32_t c, std::size_t at, std::size_t end) {
      const bool known = is_known(c);
      // No language stacks so many marks; sorting them would take a hostile text quadratic time.
      const bool too_long = at - begin_ > 4096;
      if (too_long || !known || normalizer_.hasBoundaryBefore(static_cast<UChar32>(c)) != 0) flush(at);
      if (known) return;
      result_.append(text_, at, end);
      begin_ = end;
    });
    flush(text_.bytes.size());
    return std::move(result_);
  }

 private:
  std::string normalised(std::size_t begin, std::size_t end) const {
    std::string part;
    icu::StringByteSink<std::string> sink(&part);
    UErrorCode status = U_ZERO_ERROR;
    normalizer_.normalizeUTF8(0, {text_.bytes.data() + begin, static_cast<std::int32_t>(end - begin)}, sink,
                              nullptr, status);
    DREAM_CHECK(U_SUCCESS(status), "ICU cannot normalise");
    return part;
  }

  void flush(std::size_t end) {
    const auto begin = std::exchange(begin_, end);
    if (begin == end) return;
    const auto part = normalised(begin, end);
    if (part == std::string_view(text_.bytes).substr(begin, end - begin))
      return result_.append(text_, begin, end);
    // A decomposition without reordering is one of character after character: places stay exact.
    AlignedText one_by_one;
    for (auto at = begin; at < end;) {
      const auto next = at + decode(text_.bytes, at).bytes;
      one_by_one.append(normalised(at, next), text_.place(at, next));
      at = next;
    }
    if (one_by_one.bytes == part)
      result_.append(one_by_one, 0, one_by_one.bytes.size());
    else
      result_.append(part, text_.place(begin, end));
  }

  const icu::Normalizer2& normalizer_;
  const AlignedText& text_;
  AlignedText result_;
  std::size_t begin_ = 0;
};

}  // namespace

Normaliser unicode_form(UnicodeForm form) {
  return [&normalizer = form_of(form)](AlignedText text) {
    if (std::all_of(text.bytes.begin(), text.bytes.end(), [](char c) { return (c & 0x80) == 0; }))
      return text;
    return Runs(normalizer, text).all();
  };
}

Normaliser lowercase() {
  return [](const AlignedText& text) {
    AlignedText result;
    each_character(text, [&](char32_t c, std::size_t begin, std::size_t end) {
      const auto parts = lower(c);
      for (int i = 0; i < parts.size; ++i) result.append(parts.chars[i], text.place(begin, end));
    });
    return result;
  };
}

Normaliser strip_accents() {
  return [](const AlignedText& text) { return without(text, is_mark); };
}

Normaliser strip(bool left, bool right) {
  return [left, right](const AlignedText& text) {
    std::size_t from = text.bytes.size(), to = 0;
    each_character(text, [&](char32_t c, std::size_t begin, std::size_t end) {
      if (is_white(c)) return;
      from = std::min(from, begin);
      to = end;
    });
    AlignedText result;
    if (!left) from = 0;
    if (!right) to = text.bytes.size();
    if (from < to) result.append(text, from, to);
    return result;
  };
}

Normaliser replace(std::string pattern, std::string content) {
  return [pattern, content](const AlignedText& text) {
    AlignedText result;
    std::size_t done = 0;
    for (auto at = text.bytes.find(pattern); at != std::string::npos; at = text.bytes.find(pattern, done)) {
      result.append(text, done, at);
      done = at + pattern.size();
      result.append(content, text.place(at, done));
    }
    result.append(text, done, text.bytes.size());
    return result;
  };
}

Normaliser replace_runs_of_spaces(std::string content) {
  return [content](const AlignedText& text) {
    AlignedText result;
    std::size_t done = 0;
    for (auto at = text.bytes.find("  "); at != std::string::npos; at = text.bytes.find("  ", done)) {
      result.append(text, done, at);
      done = std::min(text.bytes.find_first_not_of(' ', at), text.bytes.size());
      result.append(content, text.place(done - 1, done));
    }
    result.append(text, done, text.bytes.size());
    return result;
  };
}

Normaliser prepend(std::string content) {
  return [content](AlignedText text) {
    if (text.bytes.empty()) return text;
    AlignedText result;
    result.append(content, text.source.front());
    result.append(text, 0, text.bytes.size());
    return result;
  };
}

Normaliser precompiled(CharsMap map) {
  return [map = std::move(map)](const AlignedText& text) { return map.apply(text); };
}

Normaliser bert_normaliser(BertRules rules) {
  return [rules, nfd = unicode_form(UnicodeForm::nfd), lowered = lowercase()](AlignedText text) {
    if (rules.clean) text = cleaned(text);
    if (rules.ideographs) text = apart(text);
    if (rules.strip_accents) text = without(nfd(std::move(text)), is_accent);
    return rules.lowercase ? lowered(std::move(text)) : text;
  };
}

Normaliser in_sequence(std::vector<Normaliser> steps) {
  return [steps = std::move(steps)](AlignedText text) {
    for (const auto& step : steps) text = step(std::move(text));
    return text;
  };
}

}  // namespace dream::text
