#include "text/byte_level.hpp"

#include <algorithm>
#include <array>

#include "base/errors.hpp"
#include "text/utf8.hpp"

namespace dream::text {
namespace {

/// The byte that a character stands for: printable ones of Latin-1 for themselves, the others in order from
/// U+0100 on. -1 for none.
int byte_of(char32_t c) {
  static const auto table = [] {
    std::array<int, 0x100 + 68> bytes{};
    bytes.fill(-1);
    std::size_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      bytes[printable ? static_cast<std::size_t>(byte) : next++] = byte;
    }
    return bytes;
  }();
  return c < table.size() ? table[c] : -1;
}

}  // namespace

std::optional<std::string> bytes_of_spelling(const std::string& spelling) {
  std::string bytes;
  for (std::size_t at = 0; at < spelling.size();) {
    const auto point = decode(spelling, at);
    const int byte = byte_of(point.value);
    if (byte < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
    at += point.bytes;
  }
  return bytes;
}

BpeSpec bpe_spec(const std::unordered_map<std::string, std::int32_t>& vocabulary,
                 const std::vector<std::pair<std::string, std::string>>& merges, bool byte_level,
                 const std::filesystem::path& path) {
  BpeSpec spec;
  spec.byte_level = byte_level;
  const auto id_of = [&](const std::string& spelling) {
    const auto found = vocabulary.find(spelling);
    if (found == vocabulary.end())
      throw ModelError(path.string(), spelling, "is named by a merge, but not in the vocabulary");
    return found->second;
  };
  for (const auto& [left, right] : merges) {
    const auto rank = static_cast<std::int32_t>(spec.merges.size());
    spec.merges.push_back({rank, id_of(left), id_of(right), id_of(left + right)});
  }
  for (const auto& [spelling, id] : vocabulary) {
    const auto bytes = byte_level ? bytes_of_spelling(spelling) : spelling;
    if (bytes) spec.vocabulary.emplace_back(*bytes, id);
  }
  // Of two ids with one spelling, which only a broken file has, the higher one counts.
  std::sort(spec.vocabulary.begin(), spec.vocabulary.end());
  return spec;
}

}  // namespace dream::text
