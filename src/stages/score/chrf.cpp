#include <algorithm>
#include <string>
#include <unordered_map>

#include "lexical/python_text.hpp"
#include "stages/score/text_metrics.hpp"
#include "text/utf8.hpp"

namespace dream::score {
namespace {

constexpr std::size_t orders = 6;
constexpr double beta_squared = 4;

std::u32string characters_of(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = text::decode(text, at);
    if (!lexical::is_space(point.value)) out += point.value;
    at += point.bytes;
  }
  return out;
}

using Counts = std::unordered_map<std::u32string_view, std::int64_t>;

Counts counts_of(std::u32string_view text, std::size_t order) {
  Counts counts;
  for (std::size_t i = 0; i + order <= text.size(); ++i) ++counts[text.substr(i, order)];
  return counts;
}

}  // namespace

double chrf(std::string_view answer, std::string_view reference) {
  const auto said = characters_of(answer);
  const auto wanted = characters_of(reference);
  double precision = 0;
  double recall = 0;
  double used = 0;  // orders that both texts are long enough for
  for (std::size_t order = 1; order <= std::min({orders, said.size(), wanted.size()}); ++order) {
    const auto counts = counts_of(wanted, order);
    std::int64_t same = 0;
    for (const auto& [gram, count] : counts_of(said, order)) {
      if (const auto at = counts.find(gram); at != counts.end()) same += std::min(count, at->second);
    }
    precision += static_cast<double>(same) / static_cast<double>(said.size() - order + 1);
    recall += static_cast<double>(same) / static_cast<double>(wanted.size() - order + 1);
    ++used;
  }
  if (precision + recall == 0) return 0;
  precision /= used;
  recall /= used;
  return (1 + beta_squared) * precision * recall / (beta_squared * precision + recall);
}

}  // namespace dream::score
