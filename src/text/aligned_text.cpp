#include "text/aligned_text.hpp"

#include "text/utf8.hpp"

namespace dream::text {

void AlignedText::append(char32_t c, Span from) {
  encode(c, bytes);
  source.resize(bytes.size(), from);
}

void AlignedText::append(std::string_view utf8, Span from) {
  for (std::size_t at = 0; at < utf8.size();) {
    const auto point = decode(utf8, at);
    append(point.value, from);
    at += point.bytes;
  }
}

void AlignedText::append(const AlignedText& other, std::size_t begin, std::size_t end) {
  bytes.append(other.bytes, begin, end - begin);
  const auto from = other.source.begin();
  source.insert(source.end(), from + static_cast<std::ptrdiff_t>(begin),
                from + static_cast<std::ptrdiff_t>(end));
}

AlignedText align(std::string_view text, std::size_t begin, std::size_t end) {
  const auto part = text.substr(0, end);
  AlignedText result;
  result.bytes.reserve(end - begin);
  result.source.reserve(end - begin);
  for (auto at = begin; at < end;) {
    const auto from = static_cast<std::int64_t>(at);
    const auto byte = static_cast<unsigned char>(part[at]);
    if (byte < 0x80) {
      result.bytes.push_back(part[at++]);
      result.source.push_back({from, from + 1});
      continue;
    }
    const auto point = decode(part, at);
    at += point.bytes;
    result.append(point.value, {from, static_cast<std::int64_t>(at)});
  }
  return result;
}

}  // namespace dream::text
