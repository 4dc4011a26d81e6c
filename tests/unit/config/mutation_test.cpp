#include <random>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "config/write.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/config/catalog.hpp"

using namespace dream;
using namespace dream::config;

namespace {

std::string mutated(std::string text, std::mt19937_64& random) {
  static const std::vector<std::string> pieces{"[",      "]",   "{",     "}",    "\"",
                                               "=",      ".",   ",",     "\n",   "${",
                                               "}",      "-1",  "1e400", "nan",  "9223372036854775807",
                                               "'",      "[[",  "true",  "0x",   "\xff",
                                               "\\u",    "#",   " ",     "name", "api_key",
                                               "models", "kind"};
  for (auto edits = random() % 6 + 1; edits > 0 && !text.empty(); --edits) {
    const auto at = random() % text.size();
    const auto length = std::min<std::size_t>(random() % 12, text.size() - at);
    switch (random() % 4) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, pieces[random() % pieces.size()]);
        break;
      case 2:
        text.replace(at, length, pieces[random() % pieces.size()]);
        break;
      default:
        text.insert(random() % text.size(), text.substr(at, length));
        break;
    }
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(mutated_configs_load_or_are_config_errors) {
  const auto catalog = config::test::catalog();
  const LoadOptions options{{}, config::test::variables()};
  const auto text = read_file(dream::test::data() / "config" / "good" / "full.toml");
  std::mt19937_64 random(17);
  int loaded = 0;
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto other = mutated(text, random);
    try {
      const auto config = load_text(other, "m.toml", catalog, options);
      ++loaded;
      BOOST_TEST((load_text(to_toml(config), "m.toml", catalog, options) == config), other);
    } catch (const ConfigError& error) {
      ++refused;
      BOOST_TEST(std::string(error.what()).find("sk-verysecret") == std::string::npos, other);
    }
  }
  BOOST_TEST(loaded > 100);
  BOOST_TEST(refused > 1000);
}
