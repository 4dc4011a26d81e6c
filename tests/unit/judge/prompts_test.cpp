#include "judge/prompts.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "config/problems.hpp"
#include "judge/readings.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::judge;
using score::Rules;

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A copy of the built-in prompts to break.
std::filesystem::path copied() {
  const auto folder = test::folder() / "prompts";
  std::filesystem::copy(test::source() / "inputs" / "prompts", folder);
  return folder;
}

void change(const std::filesystem::path& file, const std::string& from, const std::string& to) {
  auto text = text_of(file);
  const auto at = text.find(from);
  BOOST_REQUIRE(at != std::string::npos);
  std::ofstream(file) << text.replace(at, from.size(), to);
}

/// What loading the folder says is wrong.
std::string complaint(const std::filesystem::path& folder, Rules rules = Rules::ragas_0_4) {
  try {
    (void)load_prompts(folder.string(), rules);
  } catch (const config::InvalidConfig& e) {
    return e.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_built_in_prompts_are_those_of_the_source_tree) {
  for (const auto rules : {Rules::ragas_0_4, Rules::ragas_0_4_legacy, Rules::ragas_0_1}) {
    const auto of_tree = load_prompts((test::source() / "inputs/prompts").string(), rules);
    BOOST_TEST(load_prompts("", rules).digest.hex() == of_tree.digest.hex());
  }
}

BOOST_AUTO_TEST_CASE(a_request_is_pinned_to_the_layout) {
  const Prompt prompt{"Do it.", R"({"type":"object"})", {{R"({"a":1})", R"({"b":2})"}}};
  const auto all = messages(prompt, R"({"a":3})");
  BOOST_REQUIRE(all.size() == 4U);
  BOOST_TEST(all[0].content == "Do it.\n\nJSON schema of the reply:\n{\"type\":\"object\"}");
  BOOST_TEST((all[1].role == "user" && all[1].content == "Input:\n{\"a\":1}"));
  BOOST_TEST((all[2].role == "assistant" && all[2].content == "{\"b\":2}"));
  BOOST_TEST((all[3].role == "user" && all[3].content == "Input:\n{\"a\":3}"));
}

BOOST_AUTO_TEST_CASE(a_missing_field_is_told_with_place_and_remedy) {
  for (const std::string field : {"instruction", "schema", "version", "output"}) {
    const auto folder = copied();
    change(folder / "support.toml", field + " = ", "other_" + field + " = ");
    const auto text = complaint(folder);
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(text.find("support.toml:") != std::string::npos);
      BOOST_TEST(text.find(field) != std::string::npos);
      BOOST_TEST(text.find("is missing") != std::string::npos);
    }
    std::filesystem::remove_all(folder);
  }
}

BOOST_AUTO_TEST_CASE(all_mistakes_come_together) {
  const auto folder = copied();
  change(folder / "support.toml", "schema = '''\n{", "schema = '''\n(");
  change(folder / "usefulness.toml",
         R"("reason": "The passage gives the year of the opening.", "verdict": 1)", R"("note": "yes")");
  std::filesystem::remove(folder / "repair.toml");
  const auto text = complaint(folder);
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(text.find("support.toml") != std::string::npos);
    BOOST_TEST(text.find("usefulness.toml") != std::string::npos);
    BOOST_TEST(text.find("examples[0].output: lacks fields") != std::string::npos);
    BOOST_TEST(text.find("repair.toml") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(rules_read_the_files_that_they_use) {
  const auto folder = copied();
  std::filesystem::remove(folder / "classification.toml");
  BOOST_TEST(complaint(folder, Rules::ragas_0_1).empty());
  BOOST_TEST(!complaint(folder, Rules::ragas_0_4).empty());
}

BOOST_AUTO_TEST_CASE(every_word_is_in_the_digest) {
  const auto before = load_prompts("", Rules::ragas_0_4).digest;
  const auto folder = copied();
  change(folder / "repair.toml", "This reply", "That reply");
  BOOST_TEST((load_prompts(folder.string(), Rules::ragas_0_4).digest != before));
}
