#include <unistd.h>

#include <optional>

#include "config/config.hpp"
#include "config/prepare.hpp"
#include "config/problems.hpp"

namespace dream::config {
namespace {

constexpr const char* blanks = " \t\r";

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// The value of an assignment: bare up to a " #", 'as it is', or "with \n \t \" \\ \$ escapes". Nothing when
/// a quote does not end, or something other than a comment follows it.
std::optional<std::string> unquote(std::string_view text) {
  if (text.empty() || (text[0] != '"' && text[0] != '\'')) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t'))
        return std::string(trim(text.substr(0, i)));
    }
    return std::string(text);
  }
  std::string value;
  std::size_t i = 1;
  for (; i < text.size() && text[i] != text[0]; ++i) {
    if (text[0] == '"' && text[i] == '\\' && i + 1 < text.size()) {
      const char escaped = text[++i];
      value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
    } else {
      value += text[i];
    }
  }
  if (i >= text.size()) return std::nullopt;
  const auto rest = trim(text.substr(i + 1));
  if (!rest.empty() && rest[0] != '#') return std::nullopt;
  return value;
}

/// The messages never repeat the line: env files hold secrets.
void read_line(std::string_view line, const Place& place, std::map<std::string, std::string>& values,
               Problems& problems) {
  line = trim(line);
  if (line.empty() || line[0] == '#') return;
  if (line.rfind("export ", 0) == 0 || line.rfind("export\t", 0) == 0) line = trim(line.substr(7));
  const auto equals = line.find('=');
  const auto name = trim(line.substr(0, equals));
  if (equals == std::string_view::npos || !is_variable_name(name)) {
    problems.add(place, "", Mistake::syntax, "no assignment; write NAME=value, or # before a comment");
    return;
  }
  auto value = unquote(trim(line.substr(equals + 1)));
  if (!value || value->find('\0') != std::string::npos) {
    problems.add(place, "", Mistake::syntax,
                 std::string(name) + ": the quotes do not match; close them on the same line");
    return;
  }
  values.insert_or_assign(std::string(name), std::move(*value));
}

}  // namespace

std::map<std::string, std::string> environment(const std::string& env_file) {
  std::map<std::string, std::string> values;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    if (const auto equals = line.find('='); equals != std::string_view::npos) {
      values.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
  }
  if (env_file.empty()) return values;
  const auto text = read_text(env_file);
  Problems problems;
  std::string_view rest = text;
  if (rest.rfind("\xef\xbb\xbf", 0) == 0) rest.remove_prefix(3);
  for (int number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    read_line(rest.substr(0, end), {env_file, number, 1}, values, problems);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
  problems.throw_if_any();
  return values;
}

}  // namespace dream::config
