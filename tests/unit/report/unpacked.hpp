#pragma once
#include <zlib.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace dream::test {

/// What the page's script makes of its packed texts: base64, then deflated without a header.
inline std::string unpacked(std::string_view packed) {
  const std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned word = 0;
  int bits = 0;
  for (const char c : packed.substr(0, packed.find('='))) {
    word = word << 6 | static_cast<unsigned>(letters.find(c));
    if ((bits += 6) >= 8) bytes += static_cast<char>(word >> (bits -= 8) & 255);
  }
  std::string text(64 << 20, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) return "";
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int state = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return state == Z_STREAM_END ? text : "";
}

}  // namespace dream::test
