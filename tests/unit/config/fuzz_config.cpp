#include "base/errors.hpp"
#include "config/write.hpp"
#include "tests/unit/config/catalog.hpp"

/// Whatever the text is: a config that survives being written and read again, or a ConfigError.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const auto catalog = dream::config::test::catalog();
  dream::config::LoadOptions options;
  options.environment = dream::config::test::variables();
  std::string text(reinterpret_cast<const char*>(data), size);
  // A text behind a NUL is an override, so that the fuzzer finds its way into --set.
  for (auto nul = text.find('\0'); nul != std::string::npos; nul = text.find('\0')) {
    options.overrides.push_back(text.substr(nul + 1, 200));
    text.resize(nul);
  }
  dream::config::Config config;
  try {
    config = dream::config::load_text(text, "fuzz.toml", catalog, options);
  } catch (const dream::ConfigError& error) {
    const auto shows = [](std::string_view where) {
      return where.find("verysecret") != std::string_view::npos;
    };
    if (shows(error.what()) && !shows({reinterpret_cast<const char*>(data), size})) __builtin_trap();
    return 0;
  }
  const auto again = dream::config::load_text(dream::config::to_toml(config), "fuzz.toml", catalog,
                                              {{}, options.environment});
  if (!(again == config)) __builtin_trap();
  return 0;
}
