#include "calls/json_text.hpp"

#include <nlohmann/json.hpp>

namespace dream::calls {
namespace {

using Byte = unsigned char;

bool plain(Byte c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

/// The length of the character at the beginning of `text`, whose first byte is beyond ASCII; 0 when it is no
/// UTF-8 (RFC 3629: no surrogates, no detours, nothing above U+10FFFF).
std::size_t character(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<Byte>(text[i]) : Byte{0}; };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
  const auto first = at(0);
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool detour = first == 0xE0 && at(1) < 0xA0;
    const bool surrogate = first == 0xED && at(1) > 0x9F;
    return follows(1) && follows(2) && !detour && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool detour = first == 0xF0 && at(1) < 0x90;
    const bool beyond = first == 0xF4 && at(1) > 0x8F;
    return follows(1) && follows(2) && follows(3) && !detour && !beyond ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
    case '\\':
      out += {'\\', c};
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += {digits[static_cast<Byte>(c) >> 4], digits[static_cast<Byte>(c) & 15]};
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const auto begin = out.size();
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    auto end = at;
    while (end < text.size()) {
      if (plain(static_cast<Byte>(text[end]))) {
        ++end;
      } else if (static_cast<Byte>(text[end]) >= 0x80) {
        const auto length = character(text.substr(end));
        if (length == 0) {  // rare: how much is replaced is the library's business
          out.resize(begin);
          out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
          return;
        }
        end += length;
      } else {
        break;
      }
    }
    out += text.substr(at, end - at);
    if (end < text.size()) append_escaped(out, text[end]);
    at = end + 1;
  }
  out += '"';
}

}  // namespace dream::calls
