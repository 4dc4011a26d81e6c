#include "golden/list_cell.hpp"

#include <cstdint>

namespace dream::golden {
namespace {

constexpr std::string_view blanks = " \t\r\n";

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c >= 0xD800 && c <= 0xDFFF) c = 0xFFFD;  // half a surrogate pair stands for no character
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

class ListParser {
 public:
  explicit ListParser(std::string_view text) : rest_(text) {}

  std::optional<std::vector<std::string>> parse() {
    std::vector<std::string> out;
    if (!take('[')) return std::nullopt;
    if (take(']')) return finish(out);
    for (;;) {
      skip_blanks();
      if (!element(out)) return std::nullopt;
      if (take(']')) return finish(out);
      if (!take(',')) return std::nullopt;
      if (take(']')) return finish(out);  // Python allows a comma behind the last element
    }
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size())); }

  bool take(char c) {
    skip_blanks();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::vector<std::string>> finish(std::vector<std::string>& out) {
    skip_blanks();
    if (!rest_.empty()) return std::nullopt;
    return std::move(out);
  }

  bool element(std::vector<std::string>& out) {
    for (const std::string_view nothing : {"null", "None"}) {
      if (rest_.substr(0, nothing.size()) == nothing) {
        rest_.remove_prefix(nothing.size());
        return true;
      }
    }
    if (rest_.empty() || (rest_[0] != '"' && rest_[0] != '\'')) return false;
    const char quote = rest_[0];
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_[0] != quote) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c != '\\')
        text += c;
      else if (!escape(text))
        return false;
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    if (text.find_first_not_of(blanks) != std::string::npos) out.push_back(std::move(text));
    return true;
  }

  bool escape(std::string& text) {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case 'n':
        text += '\n';
        return true;
      case 't':
        text += '\t';
        return true;
      case 'r':
        text += '\r';
        return true;
      case 'b':
        text += '\b';
        return true;
      case 'f':
        text += '\f';
        return true;
      case 'x':
        return code_point(text, 2);
      case 'U':
        return code_point(text, 8);
      case 'u':
        return code_point(text, 4);
      case '"':
      case '\'':
      case '\\':
      case '/':
        text += c;
        return true;
      default:
        text += '\\', text += c;
        return true;  // Python keeps an escape that it does not know
    }
  }

  bool code_point(std::string& text, std::size_t digits) {
    auto value = hex(digits);
    if (!value) return false;
    if (*value >= 0xD800 && *value < 0xDC00 && rest_.substr(0, 2) == "\\u") {
      rest_.remove_prefix(2);
      const auto low = hex(4);
      if (!low) return false;
      value = 0x10000 + ((*value - 0xD800) << 10) + (*low - 0xDC00);
    }
    if (*value > 0x10FFFF) return false;
    append_utf8(text, *value);
    return true;
  }

  std::optional<std::uint32_t> hex(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : rest_.substr(0, digits)) {
      const auto digit =
          std::string_view("0123456789abcdef").find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
      if (digit == std::string_view::npos) return std::nullopt;
      value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    rest_.remove_prefix(digits);
    return value;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<std::string>> parse_list_cell(std::string_view cell) {
  const auto begin = cell.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return std::vector<std::string>{};
  const auto inside = cell.find_first_not_of(blanks, begin + 1);
  // A passage may begin with "[1]" or "[citation needed]": only a quote or nothing makes a bracket a list.
  const bool is_list = cell[begin] == '[' && inside != std::string_view::npos &&
                       (cell[inside] == '"' || cell[inside] == '\'' || cell[inside] == ']');
  if (is_list) {
    // "[] is the empty list" is a text, not a broken list.
    auto list = ListParser(cell).parse();
    if (list || cell[inside] != ']') return list;
  }
  const auto end = cell.find_last_not_of(blanks);
  return std::vector<std::string>{std::string(cell.substr(begin, end - begin + 1))};
}

}  // namespace dream::golden
