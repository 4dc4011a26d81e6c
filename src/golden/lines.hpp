#pragma once
#include <algorithm>
#include <cstdint>
#include <string_view>

namespace dream::golden {

/// Calls at(line without its end, number from 1) for every line that is not blank.
template <class At>
void each_line(std::string_view bytes, At&& at) {
  std::int64_t number = 0;
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    auto line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (++number, line.find_first_not_of(" \t\r") != std::string_view::npos) at(line, number);
  }
}

}  // namespace dream::golden
