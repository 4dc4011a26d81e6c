#include "golden/columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/near_names.hpp"

namespace dream::golden {

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

std::string plain_name(std::string_view name) {
  auto plain = trimmed(name);
  for (auto& c : plain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ' || c == '-') c = '_';
  }
  return plain;
}

int Field::find(std::span<const std::string> plain_names) const {
  for (const auto name : names) {
    const auto found = std::ranges::find(plain_names, name);
    if (found != plain_names.end()) return static_cast<int>(found - plain_names.begin());
  }
  return -1;
}

std::string Field::missing(const char* thing, std::span<const std::string> names_there) const {
  std::vector<std::string> named;
  std::ranges::copy_if(names_there, std::back_inserter(named),
                       [](const auto& name) { return !name.empty(); });
  auto what = fmt::format("no such {}, nor {}; the {}s are: {}", thing,
                          fmt::join(names.begin() + 1, names.end(), ", "), thing, fmt::join(named, ", "));
  const auto near = suggest(std::string(role), named);
  if (near.find("did you mean") != std::string::npos) what += near;
  return what;
}

const Fields& fields() {
  static const Fields all;
  return all;
}

}  // namespace dream::golden
