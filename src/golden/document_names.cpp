#include "golden/document_names.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <string>

namespace dream::golden {
namespace {

bool is_pattern(std::string_view source) { return source.find_first_of("*?") != std::string_view::npos; }

template <class Table>
std::vector<std::size_t> all_of(const Table& table, std::string_view key) {
  std::vector<std::size_t> out;
  const auto [first, last] = table.equal_range(key);
  for (auto at = first; at != last; ++at) out.push_back(at->second);
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::string_view last_part(std::string_view path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

DocumentIndex::DocumentIndex(std::vector<std::string_view> names) : names_(std::move(names)) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    exact_.emplace(names_[i], i);
    const auto part = last_part(names_[i]);
    parts_.emplace(part, i);
    const auto dot = part.find_last_of('.');
    if (dot != std::string_view::npos && dot > 0) parts_.emplace(part.substr(0, dot), i);
  }
}

std::vector<std::size_t> DocumentIndex::find(std::string_view source) const {
  // A file may be called "what?.md": its own name comes first.
  auto found = all_of(exact_, source);
  if (!found.empty()) return found;
  if (!is_pattern(source)) return all_of(parts_, last_part(source));
  const std::string pattern(source);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (fnmatch(pattern.c_str(), std::string(names_[i]).c_str(), 0) == 0 ||
        fnmatch(pattern.c_str(), std::string(last_part(names_[i])).c_str(), 0) == 0)
      found.push_back(i);
  }
  return found;
}

}  // namespace dream::golden
