#include "stages/types.hpp"

#include "base/errors.hpp"

namespace dream {

std::string render(const Text& text, std::string_view document) {
  std::string out;
  for (std::size_t i = 0; i < text.spans.size(); ++i) {
    const auto [begin, end] = text.spans[i];
    DREAM_CHECK(0 <= begin && begin <= end && end <= static_cast<std::int64_t>(document.size()),
                "a span lies outside its document");
    if (i > 0) out += text.joiner;
    out += document.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  }
  return out;
}

}  // namespace dream
