#include "config/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "config/list.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/config/catalog.hpp"

using namespace dream;
using namespace dream::config;

namespace {

/// A key's line in docs/config.md. `|` inside a cell needs a backslash there.
std::string documented(const KeyInfo& key) {
  auto cell = [](std::string text) { return std::regex_replace(text, std::regex("\\|"), "\\|"); };
  auto code = [&](const std::string& text) {
    return text.empty() || text == "required" ? text : "`" + cell(text) + "`";
  };
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |", key.name, key.type, code(key.default_value),
                     cell(key.range), cell(key.help), code(key.example));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_documentation_names_every_key_and_no_other) {
  const auto text = read_file(dream::test::source() / "docs" / "config.md");
  std::set<std::string> in_text;
  const std::regex row("\n\\| `([^`]+)` \\|");
  for (std::sregex_iterator i(text.begin(), text.end(), row), end; i != end; ++i)
    in_text.insert((*i)[1].str());
  for (const auto& key : key_infos()) {
    BOOST_TEST(text.find("\n" + documented(key) + "\n") != std::string::npos,
               "docs/config.md lacks the line\n" + documented(key));
    in_text.erase(key.name);
  }
  for (const auto& name : in_text)
    BOOST_TEST_ERROR("docs/config.md names a key that the loader does not know: " + name);
}

BOOST_AUTO_TEST_CASE(the_example_of_the_documentation_loads) {
  const auto text = read_file(dream::test::source() / "docs" / "config.md");
  const auto begin = text.find("```toml\n") + 8;
  auto variables = config::test::variables();
  variables["LLM_BASE_URL"] = "http://localhost:8000/v1";
  const auto config = load_text(text.substr(begin, text.find("```", begin) - begin), "docs",
                                config::test::catalog(), {{}, variables});
  BOOST_TEST(config.space.methods.size() == 6u);
  BOOST_TEST(config.models.size() == 3u);
}

BOOST_AUTO_TEST_CASE(every_example_of_a_key_loads) {
  // The examples name models and methods of the real program; here it is their types and ranges that count.
  auto catalog = config::test::catalog();
  for (const auto& key : keys()) {
    std::string message;
    try {
      (void)load_text("", "x.toml", catalog, {{key.name + "=" + key.example}, config::test::variables()});
    } catch (const ConfigError& error) {
      message = error.what();
    }
    // Missing keys and names are all that may be said, nothing of this key's type or range.
    for (const auto* bad : {"found", "unknown key", "no TOML", "empty;"}) {
      BOOST_TEST(message.find(key.name + ": " + bad) == std::string::npos, message);
    }
  }
}

BOOST_AUTO_TEST_CASE(keys_are_unique_and_say_what_they_are) {
  std::set<std::string> names;
  for (const auto& key : key_infos()) {
    BOOST_TEST(names.insert(key.name).second, key.name);
    BOOST_TEST(!key.help.empty());
    BOOST_TEST(!key.example.empty());
  }
}

BOOST_AUTO_TEST_CASE(lists_show_names_parameters_and_ranges) {
  const auto catalog = config::test::catalog();
  BOOST_TEST(describe(catalog, "chunkers") ==
             "overlap          windows of tokens\n"
             "  size     whole number  256  1 to 8192  tokens in a chunk\n"
             "  overlap  whole number  0    0 to 4096  tokens shared\n"
             "sentence_window  one sentence and its neighbours\n"
             "  window  whole number   3      1 to 10  sentences on each side\n"
             "  strict  true or false  false           no part of a sentence\n"
             "hierarchical     levels of chunks\n"
             "  sizes  list of whole numbers  [512, 256, 128]  1 to 8192  tokens per level\n");
  BOOST_TEST(describe(catalog, "methods") == describe(catalog, "chunkers"));
  BOOST_TEST(describe(catalog, "metrics") == "answer_correctness\nfaithfulness\ncontext_recall\n");
  BOOST_TEST(describe(catalog, "searches").rfind("grid    every combination\nrandom  some of them\n", 0) ==
             0);
  const auto models = describe(catalog, "models");
  BOOST_TEST(models.find("a remote service [embedder, reranker, language model] [takes api_key]\n") !=
             std::string::npos);
  BOOST_TEST(models.find("base_url") != std::string::npos);
  BOOST_TEST(describe(catalog, "embedders").find("extractive") == std::string::npos);
  BOOST_TEST(describe(catalog, "rerankers").find("hash") == std::string::npos);
  BOOST_TEST(describe(catalog, "rerankers").find("reads two texts at once [reranker]") != std::string::npos);
  BOOST_TEST(describe(catalog, "llms").find("hash") == std::string::npos);
  for (const auto& topic : list_topics()) BOOST_TEST(!describe(catalog, topic).empty());
  BOOST_CHECK_EXCEPTION((void)describe(catalog, "chunkrs"), ConfigError, [](const ConfigError& error) {
    return std::string(error.what()).find("did you mean \"chunkers\"?") != std::string::npos;
  });
}
