#include "golden/encoding.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "base/errors.hpp"

namespace dream::golden {
namespace {

/// Bytes of the UTF-8 character at the front of `rest`; 0 when it is none.
std::size_t character_size(std::string_view rest) {
  const auto byte = [&rest](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || rest.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return size;
}

}  // namespace

std::string_view without_mark(std::string_view bytes, const std::string& file) {
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
  if (bytes.substr(0, 2) == "\xFF\xFE" || bytes.substr(0, 2) == "\xFE\xFF")
    throw CorpusError(file, 0, "is UTF-16; save it as UTF-8");
  return bytes;
}

void check_utf8(std::string_view bytes, const std::string& file, std::int64_t line) {
  while (!bytes.empty()) {
    const auto size = character_size(bytes);
    if (size == 0) {
      throw CorpusError(file, 0,
                        fmt::format("line {}: byte 0x{:02X} is not UTF-8; save the file as UTF-8", line,
                                    static_cast<unsigned char>(bytes[0])));
    }
    if (bytes[0] == '\n') ++line;
    bytes.remove_prefix(size);
  }
}

std::string_view plain_utf8(std::string_view bytes, const std::string& file) {
  const auto text = without_mark(bytes, file);
  check_utf8(text, file, 1);
  return text;
}

}  // namespace dream::golden
