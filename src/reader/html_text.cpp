#include "reader/html_text.hpp"

#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace dream::reader {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

/// Where the text after `mark` begins, or the end.
std::size_t after(std::string_view text, std::string_view mark, std::size_t from) {
  const auto at = text.find(mark, from);
  return at == std::string_view::npos ? text.size() : at + mark.size();
}

/// Where the end tag of a raw element (script, style) ends.
std::size_t after_element(std::string_view text, std::string_view name, std::size_t from) {
  for (auto at = text.find("</", from); at != std::string_view::npos; at = text.find("</", at + 2)) {
    if (starts_with_word(text.substr(at + 2), name)) return after(text, ">", at);
  }
  return text.size();
}

bool breaks_line(std::string_view tag) {
  if (tag.starts_with('/')) tag.remove_prefix(1);
  static constexpr std::array<std::string_view, 8> names{"br", "p", "div", "li", "tr", "table", "pre", "h"};
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    if (!starts_with_word(tag, name)) return false;
    const char next = tag.size() > name.size() ? tag[name.size()] : '>';
    return next == '>' || next == ' ' || next == '/' || next == '\n' ||
           (name == "h" && next >= '1' && next <= '6');
  });
}

void append_code_point(std::string& out, std::uint32_t code) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = 0xFFFD;
  char bytes[4];
  std::int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, code);
  out.append(bytes, static_cast<std::size_t>(size));
}

/// Decodes the entity at text[0] == '&'; returns the bytes consumed, 0 when it is none.
std::size_t decode_entity(std::string_view text, std::string& out) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> names{
      {{"&amp;", "&"},
       {"&lt;", "<"},
       {"&gt;", ">"},
       {"&quot;", "\""},
       {"&apos;", "'"},
       {"&nbsp;", " "},
       {"&copy;", "\xC2\xA9"},
       {"&mdash;", "\xE2\x80\x94"}}};
  for (const auto& [name, value] : names) {
    if (!text.starts_with(name)) continue;
    out += value;
    return name.size();
  }
  if (!text.starts_with("&#")) return 0;
  const bool hex = text.size() > 2 && lower(text[2]) == 'x';
  const char* begin = text.data() + (hex ? 3 : 2);
  const char* end = text.data() + text.size();
  std::uint32_t code = 0;
  const auto [stop, error] = std::from_chars(begin, end, code, hex ? 16 : 10);
  if (error != std::errc{} || stop == end || *stop != ';') return 0;
  append_code_point(out, code);
  return static_cast<std::size_t>(stop - text.data()) + 1;
}

/// Skips the markup at html[at] == '<' and returns where text goes on; at + 1 for a lone '<', which is text.
std::size_t skip_markup(std::string_view html, std::size_t at, std::string& out) {
  const auto rest = html.substr(at + 1);
  if (rest.starts_with("!--")) return after(html, "-->", at + 2);
  const bool tag = !rest.empty() && (rest[0] == '/' || rest[0] == '!' || rest[0] == '?' ||
                                     (lower(rest[0]) >= 'a' && lower(rest[0]) <= 'z'));
  if (!tag) {
    out += '<';
    return at + 1;
  }
  if (starts_with_word(rest, "script")) return after_element(html, "script", at);
  if (starts_with_word(rest, "style")) return after_element(html, "style", at);
  if (breaks_line(rest) && !out.empty() && out.back() != '\n') out += '\n';
  return after(html, ">", at);
}

}  // namespace

std::string html_text(std::string_view html) {
  std::string out;
  for (std::size_t i = 0; i < html.size();) {
    if (html[i] == '<') {
      i = skip_markup(html, i, out);
    } else if (const auto used = html[i] == '&' ? decode_entity(html.substr(i), out) : 0; used > 0) {
      i += used;
    } else {
      out += html[i++];
    }
  }
  return out;
}

std::string without_data_uris(std::string_view text) {
  std::string out;
  for (;;) {
    const auto at = text.find("data:");
    if (at == std::string_view::npos) break;
    const auto end = std::min(text.find_first_of(" \t\n)>\"'", at), text.size());
    out += text.substr(0, at);
    // "data: the measured values" is a sentence; a URI has its type and encoding in the same word.
    if (text.substr(at, end - at).find(";base64,") == std::string_view::npos)
      out += text.substr(at, end - at);
    text.remove_prefix(end);
  }
  out += text;
  return out;
}

}  // namespace dream::reader
