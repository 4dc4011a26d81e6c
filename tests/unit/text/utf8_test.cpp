#include "text/utf8.hpp"

#include <vector>

#include "tests/support/test.hpp"

using namespace dream;

namespace {

std::vector<std::uint32_t> points(std::string_view text) {
  std::vector<std::uint32_t> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = text::decode(text, at);
    found.push_back(static_cast<std::uint32_t>(point.value));
    at += point.bytes;
  }
  return found;
}

using Points = std::vector<std::uint32_t>;

}  // namespace

BOOST_AUTO_TEST_CASE(every_code_point_survives_encoding) {
  for (std::uint32_t value = 0; value <= 0x10FFFF; ++value) {
    if (value >= 0xD800 && value <= 0xDFFF) continue;
    std::string bytes;
    text::encode(value, bytes);
    const auto point = text::decode(bytes, 0);
    if (point.value != value || point.bytes != bytes.size()) BOOST_ERROR("U+" << std::hex << value);
  }
}

BOOST_AUTO_TEST_CASE(ill_formed_bytes_become_replacements_by_maximal_part) {
  constexpr std::uint32_t bad = 0xFFFD;
  // The Unicode Standard, tables 3-8, 3-9, 3-10 and 3-11.
  BOOST_TEST((points("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") ==
              Points{bad, bad, bad, bad, bad, bad, bad, bad, 0x41}));
  BOOST_TEST((points("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") ==
              Points{bad, bad, bad, bad, bad, bad, bad, bad, 0x41}));
  BOOST_TEST((points("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") ==
              Points{bad, bad, bad, bad, bad, 0x41, bad, bad, 0x42}));
  BOOST_TEST((points("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == Points{bad, bad, bad, bad, 0x41}));
  BOOST_TEST((points("\xE1\x80") == Points{bad}));
}
