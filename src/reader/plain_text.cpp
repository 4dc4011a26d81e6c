#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "reader/formats.hpp"

namespace dream::reader {
namespace {

using corpus::failed;
using corpus::ReadResult;
namespace reason = corpus::reason;

struct Close {
  void operator()(UConverter* c) const { ucnv_close(c); }
  void operator()(UCharsetDetector* d) const { ucsdet_close(d); }
};

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    if (c < 0) return false;
  }
  return true;
}

struct Mark {
  std::string_view bytes;
  const char* encoding;
};
// The mark of UTF-32LE begins with that of UTF-16LE, so it stands first.
constexpr std::array<Mark, 5> marks{{{{"\xFF\xFE\0\0", 4}, "UTF-32LE"},
                                     {{"\0\0\xFE\xFF", 4}, "UTF-32BE"},
                                     {"\xEF\xBB\xBF", "UTF-8"},
                                     {"\xFF\xFE", "UTF-16LE"},
                                     {"\xFE\xFF", "UTF-16BE"}}};

/// UTF-16 without a mark: text in any script has many zero high bytes (blanks, line ends, digits), all on one
/// side.
const char* utf16_without_mark(std::string_view text) {
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < text.size(); ++i) zeros[i % 2] += text[i] == '\0' ? 1 : 0;
  const auto many = text.size() / 20;
  if (zeros[1] > many && zeros[0] * 20 < zeros[1]) return "UTF-16LE";
  if (zeros[0] > many && zeros[1] * 20 < zeros[0]) return "UTF-16BE";
  return nullptr;
}

/// EBCDIC, which no detector at hand knows: its blank is '@' (0x40), its letters lie at 0x81..0xA9 and
/// 0xC1..0xE9, and ASCII's blank hardly occurs.
bool is_ebcdic(std::string_view text) {
  std::size_t blanks = 0;
  std::size_t letters = 0;
  std::size_t ascii_blanks = 0;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    const unsigned low = u & 0x0FU;
    blanks += u == 0x40 ? 1 : 0;
    ascii_blanks += u == 0x20 ? 1 : 0;
    letters += (u & 0x80U) != 0 && low >= 1 && low <= 9 && (u >> 4) != 0xB && (u >> 4) != 0xF ? 1 : 0;
  }
  return blanks * 20 > text.size() && letters * 2 > text.size() - blanks && ascii_blanks * 20 < blanks;
}

std::string detected(std::string_view text) {
  UErrorCode code = U_ZERO_ERROR;
  const std::unique_ptr<UCharsetDetector, Close> detector(ucsdet_open(&code));
  const auto sample = text.substr(0, std::size_t{1} << 18);
  ucsdet_setText(detector.get(), sample.data(), static_cast<std::int32_t>(sample.size()), &code);
  const auto* match = ucsdet_detect(detector.get(), &code);
  if (U_FAILURE(code) != 0 || match == nullptr) return "windows-1252";
  std::string name = ucsdet_getName(match, &code);
  // A superset that puts letters and quotes where the standard has control characters; such files are always
  // meant so.
  return U_FAILURE(code) != 0 || name == "ISO-8859-1" ? "windows-1252" : name;
}

std::string encoding_of(std::string_view text, std::size_t& mark_size) {
  for (const auto& mark : marks) {
    if (!text.starts_with(mark.bytes)) continue;
    mark_size = mark.bytes.size();
    return mark.encoding;
  }
  if (const char* name = utf16_without_mark(text)) return name;
  if (is_utf8(text)) return "UTF-8";
  return is_ebcdic(text) ? "ibm-500" : detected(text);
}

/// UTF-8, bytes that make no sense as U+FFFD; empty when there is no such converter.
std::string converted(std::string_view text, const std::string& encoding) {
  UErrorCode code = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, Close> converter(ucnv_open(encoding.c_str(), &code));
  if (U_FAILURE(code) != 0) return "";
  const icu::UnicodeString wide(text.data(), static_cast<std::int32_t>(text.size()), converter.get(), code);
  std::string out;
  if (U_SUCCESS(code) != 0) wide.toUTF8String(out);
  return out;
}

/// More than one control character in twenty bytes: a program, a picture, a database; no text.
bool is_binary(std::string_view text) {
  const auto controls = std::count_if(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u == 0x7f || (u < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f');
  });
  return static_cast<std::size_t>(controls) * 20 > text.size();
}

}  // namespace

ReadResult read_plain_text(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max() / 4)) {
    return failed(reason::output_limit, "a text file of more than 512 MiB");
  }
  std::size_t mark_size = 0;
  const auto encoding = encoding_of(bytes, mark_size);
  bytes.remove_prefix(mark_size);
  auto text = encoding == "UTF-8" ? std::string(bytes) : converted(bytes, encoding);
  if (text.empty() && !bytes.empty()) return failed(reason::parse_error, "no converter for " + encoding);
  if (is_binary(text)) return failed(reason::parse_error, "binary data, not text");
  return {"", true, encoding == "UTF-8" ? "" : "read as " + encoding, {std::move(text)}};
}

}  // namespace dream::reader
