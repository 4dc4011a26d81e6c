#include <unicode/brkiter.h>
#include <unicode/utext.h>
#include <unicode/uversion.h>

#include <limits>

#include "base/errors.hpp"
#include "text/tokenizer.hpp"

namespace dream::text {
namespace {

void check(UErrorCode status, const char* call) {
  if (U_FAILURE(status)) throw InternalError(std::string("ICU: ") + call + ": " + u_errorName(status));
}

/// A view of UTF-8 that ICU reads in place; ICU itself replaces ill-formed bytes by U+FFFD.
class Utf8View {
 public:
  explicit Utf8View(std::string_view text) {
    UErrorCode status = U_ZERO_ERROR;
    utext_openUTF8(&view_, text.data(), static_cast<std::int64_t>(text.size()), &status);
    check(status, "utext_openUTF8");
  }
  ~Utf8View() { utext_close(&view_); }
  Utf8View(const Utf8View&) = delete;
  Utf8View& operator=(const Utf8View&) = delete;
  [[nodiscard]] UText* get() { return &view_; }

 private:
  UText view_ = UTEXT_INITIALIZER;
};

class Words final : public Tokenizer {
 public:
  Words() {
    UErrorCode status = U_ZERO_ERROR;
    iterator_.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
    check(status, "createWordInstance");
  }

  Digest identity() const override {
    // The rules and dictionaries that decide a break come with the library, so its version is part of the
    // identity.
    UVersionInfo version{};
    u_getVersion(version);
    return Hasher("tokenizer/words").add(1).add(version[0]).add(version[1]).finish();
  }

  std::vector<Token> encode(std::string_view text) const override {
    std::vector<Token> tokens;
    walk(text, [&](std::int64_t begin, std::int64_t end) { tokens.push_back({0, begin, end}); });
    return tokens;
  }

  std::int64_t count(std::string_view text) const override {
    std::int64_t words = 0;
    walk(text, [&](std::int64_t, std::int64_t) { ++words; });
    return words;
  }

 private:
  template <class Visit>
  void walk(std::string_view text, Visit visit) const {
    DREAM_CHECK(text.size() <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()),
                "ICU finds words in texts of at most 2 GiB");
    if (text.empty()) return;
    // An iterator carries the text that it walks; a clone per call is what lets threads share this object.
    const std::unique_ptr<icu::BreakIterator> iterator(iterator_->clone());
    Utf8View view(text);
    UErrorCode status = U_ZERO_ERROR;
    iterator->setText(view.get(), status);
    check(status, "BreakIterator::setText");
    std::int32_t begin = iterator->first();
    for (auto end = iterator->next(); end != icu::BreakIterator::DONE; begin = end, end = iterator->next()) {
      if (iterator->getRuleStatus() >= UBRK_WORD_NONE_LIMIT) visit(begin, end);
    }
  }

  std::unique_ptr<icu::BreakIterator> iterator_;
};

}  // namespace

std::shared_ptr<const Tokenizer> words_tokenizer() { return std::make_shared<Words>(); }

}  // namespace dream::text
