#include "text/charsmap.hpp"

#include <unicode/uchar.h>

#include "text/utf8.hpp"

namespace dream::text {
namespace {

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

/// A unit of the double array: a label, an offset to the children, whether a value hangs on it.
std::uint32_t offset_of(std::uint32_t unit) { return (unit >> 10) << ((unit & (1U << 9)) >> 6); }
bool has_value(std::uint32_t unit) { return ((unit >> 8) & 1U) != 0; }
std::uint32_t label_of(std::uint32_t unit) { return unit & ((1U << 31) | 0xFFU); }
std::uint32_t value_of(std::uint32_t unit) { return unit & ((1U << 31) - 1); }

bool is_control(int property) {
  return property == U_GCB_CR || property == U_GCB_LF || property == U_GCB_CONTROL;
}

bool joins_hangul(int before, int next) {
  if (before == U_GCB_L) return next == U_GCB_L || next == U_GCB_V || next == U_GCB_LV || next == U_GCB_LVT;
  if (before == U_GCB_LV || before == U_GCB_V) return next == U_GCB_V || next == U_GCB_T;
  return (before == U_GCB_LVT || before == U_GCB_T) && next == U_GCB_T;
}

/// Walks over one grapheme cluster.
class Cluster {
 public:
  explicit Cluster(char32_t first) { take(first, property(first)); }

  /// Whether this character still belongs to it; takes it if so.
  bool joins(char32_t c) {
    const int next = property(c);
    if (before_ == U_GCB_CR && next == U_GCB_LF) return take(c, next);
    if (is_control(before_) || is_control(next)) return false;
    const bool extends = next == U_GCB_EXTEND || next == U_GCB_ZWJ || next == U_GCB_SPACING_MARK;
    const bool picture = joined_picture_ && u_hasBinaryProperty(static_cast<UChar32>(c), pictographic) != 0;
    const bool flag = before_ == U_GCB_REGIONAL_INDICATOR && next == before_ && flags_ % 2 == 1;
    if (extends || picture || flag || before_ == U_GCB_PREPEND || joins_hangul(before_, next))
      return take(c, next);
    return false;
  }

 private:
  static constexpr auto pictographic = UCHAR_EXTENDED_PICTOGRAPHIC;

  static int property(char32_t c) {
    return u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_GRAPHEME_CLUSTER_BREAK);
  }

  bool take(char32_t c, int of) {
    joined_picture_ = picture_ && of == U_GCB_ZWJ;
    if (of != U_GCB_EXTEND && of != U_GCB_ZWJ)
      picture_ = u_hasBinaryProperty(static_cast<UChar32>(c), pictographic) != 0;
    flags_ = of == U_GCB_REGIONAL_INDICATOR ? flags_ + 1 : 0;
    before_ = of;
    return true;
  }

  int before_ = 0;
  int flags_ = 0;
  bool picture_ = false;
  bool joined_picture_ = false;
};

}  // namespace

std::size_t grapheme_end(std::string_view text, std::size_t at) {
  const auto first = decode(text, at);
  at += first.bytes;
  // Below U+0300 (lead byte 0xCC) only CR LF belong together.
  const auto next_byte = at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  if (first.value < 0x300 && next_byte < 0xCC && !(first.value == '\r' && next_byte == '\n')) return at;
  Cluster cluster(first.value);
  while (at < text.size()) {
    const auto point = decode(text, at);
    if (!cluster.joins(point.value)) break;
    at += point.bytes;
  }
  return at;
}

std::optional<CharsMap> CharsMap::read(std::string_view bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const std::size_t size = read_u32(bytes, 0);
  if (size % 4 != 0 || size > bytes.size() - 4) return std::nullopt;
  CharsMap map;
  for (std::size_t at = 4; at < 4 + size; at += 4) map.units_.push_back(read_u32(bytes, at));
  map.replacements_ = bytes.substr(4 + size);
  // A lying map must not turn every character into a page.
  constexpr std::size_t longest = 1024;
  std::size_t run = 0;
  for (const char c : map.replacements_) {
    run = c == '\0' ? 0 : run + 1;
    if (run > longest) return std::nullopt;
  }
  return map;
}

std::optional<std::string_view> CharsMap::replacement(std::string_view part) const {
  if (units_.empty()) return std::nullopt;
  std::size_t node = offset_of(units_[0]);
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size() || label_of(units_[node]) != byte) break;
    const auto unit = units_[node];
    node ^= offset_of(unit);
    if (!has_value(unit)) continue;
    const std::size_t begin = node < units_.size() ? value_of(units_[node]) : replacements_.size();
    if (begin >= replacements_.size()) return std::nullopt;
    const auto rest = std::string_view(replacements_).substr(begin);
    return rest.substr(0, rest.find('\0'));
  }
  return std::nullopt;
}

AlignedText CharsMap::apply(const AlignedText& text) const {
  AlignedText result;
  result.bytes.reserve(text.bytes.size());
  result.source.reserve(text.bytes.size());
  const std::string_view bytes = text.bytes;
  const auto replaced = [&](std::size_t begin, std::size_t end) {
    const auto spelling = replacement(bytes.substr(begin, end - begin));
    if (spelling) result.append(*spelling, text.place(begin, end));
    return spelling.has_value();
  };
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = grapheme_end(bytes, at);
    if (end - at < 6 && replaced(at, end)) {
      at = end;
      continue;
    }
    while (at < end) {
      const auto next = at + decode(bytes, at).bytes;
      if (!replaced(at, next)) result.append(text, at, next);
      at = next;
    }
  }
  return result;
}

}  // namespace dream::text
