#include "report/deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/errors.hpp"

namespace dream::report {
namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 3; ++j)
      word = word << 8 | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out += j <= have ? letters[word >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

}  // namespace

std::string deflated(std::string_view text) {
  DREAM_CHECK(text.size() < std::numeric_limits<uInt>::max(), "a page is smaller than that");
  z_stream stream{};
  constexpr int without_header = -15;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, without_header, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw InternalError("zlib does not start");
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int state = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) throw InternalError("zlib did not deflate all of a text");
  return base64(out);
}

}  // namespace dream::report
