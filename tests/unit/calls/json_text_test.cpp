#include "calls/json_text.hpp"

#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/test.hpp"

using namespace dream;

namespace {

std::string ours(const std::string& text) {
  std::string out = "before";
  calls::append_json_string(out, text);
  BOOST_TEST(out.starts_with("before"));
  return out.substr(6);
}

std::string librarys(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

BOOST_AUTO_TEST_CASE(texts_are_written_as_the_library_writes_them) {
  for (int c = 0; c < 256; ++c) {
    for (int d = 0; d < 256; ++d) {
      const std::string text{static_cast<char>(c), static_cast<char>(d), 'x'};
      BOOST_REQUIRE(ours(text) == librarys(text));
    }
  }
  // What random bytes seldom make: characters of each length, and nearly characters.
  const std::vector<std::string> pieces{"plain text ",
                                        "\"",
                                        "\\",
                                        "\n",
                                        std::string(1, '\0'),
                                        "\x7f",
                                        "\xc3\xa4",
                                        "\xc0\x80",
                                        "\xe2\x82\xac",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xef\xbf\xbd",
                                        "\xf0\x9f\x98\x80",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xe2\x82",
                                        "\xf0\x9f\x98",
                                        "\x80",
                                        "\xff"};
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto left = random() % 6; left > 0; --left) text += pieces[random() % pieces.size()];
    BOOST_REQUIRE(ours(text) == librarys(text));
  }
}
