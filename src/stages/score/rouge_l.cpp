#include <algorithm>
#include <vector>

#include "lexical/python_text.hpp"
#include "stages/score/text_metrics.hpp"

namespace dream::score {
namespace {

/// rouge-score's words: runs of a to z and 0 to 9 of the text in small letters. Other scripts have none.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  bool open = false;
  for (const char c : lexical::lower(text)) {
    const bool inside = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (inside && !open) out.emplace_back();
    if (inside) out.back() += c;
    open = inside;
  }
  return out;
}

std::int64_t longest_common_subsequence(const std::vector<std::string>& a,
                                        const std::vector<std::string>& b) {
  std::vector<std::int64_t> row(b.size() + 1, 0);
  for (const auto& word : a) {
    std::int64_t diagonal = 0;  // of the row above
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = word == b[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

double rouge_l(std::string_view answer, std::string_view reference) {
  const auto said = words_of(answer);
  const auto wanted = words_of(reference);
  if (said.empty() || wanted.empty()) return 0;
  const auto common = static_cast<double>(longest_common_subsequence(wanted, said));
  return 2 * common / static_cast<double>(said.size() + wanted.size());
}

}  // namespace dream::score
