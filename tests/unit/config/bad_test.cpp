#include <algorithm>
#include <sstream>

#include "base/file.hpp"
#include "config/problems.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/config/catalog.hpp"

using namespace dream;
using namespace dream::config;

// Every file of tests/data/config/bad is a config and, at its end, all that is wrong with it:
//   #set PATH=VALUE              given as --set
//   #! LINE:COLUMN KEY MISTAKE words that the message must hold
// LINE:COLUMN is "set" for a problem of a --set; KEY is "-" when there is none, and has _ for a blank.
namespace {

struct Case {
  std::string text;
  LoadOptions options;
  std::vector<std::string> expected;
};

Case read_case(const std::filesystem::path& file) {
  Case result;
  result.text = read_file(file);
  result.options.environment = config::test::variables();
  std::istringstream lines(result.text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("#set ", 0) == 0) result.options.overrides.push_back(line.substr(5));
    if (line.rfind("#! ", 0) == 0) result.expected.push_back(line.substr(3));
  }
  return result;
}

std::vector<Problem> problems_of(const Case& test) {
  try {
    (void)load_text(test.text, "bad.toml", config::test::catalog(), test.options);
  } catch (const InvalidConfig& error) {
    BOOST_TEST((error.code == ExitCode::config));
    for (const auto& problem : error.problems) {
      BOOST_TEST(std::string(error.what()).find(problem.text()) != std::string::npos);
    }
    return error.problems;
  }
  return {};
}

/// The fields of a problem as the files write them.
std::string fields(const Problem& problem) {
  auto key = problem.key.empty() ? "-" : problem.key;
  std::replace(key.begin(), key.end(), ' ', '_');
  const auto place = problem.place.line == 0
                         ? "set"
                         : std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column);
  return place + " " + key + " " + std::string(name_of(problem.mistake));
}

void compare(const Problem& found, const std::string& expected) {
  std::istringstream words(expected);
  std::string place, key, mistake, message;
  words >> place >> key >> mistake >> std::ws;
  std::getline(words, message);
  BOOST_TEST(fields(found) == place + " " + key + " " + mistake);
  BOOST_TEST(found.message.find(message) != std::string::npos,
             "\"" + found.message + "\" must hold \"" + message + "\"");
  BOOST_TEST((found.place.line == 0 ? found.place.source.rfind("--set ", 0) == 0
                                    : found.place.source == "bad.toml"));
}

std::vector<std::filesystem::path> files() {
  std::vector<std::filesystem::path> all;
  for (const auto& entry : std::filesystem::directory_iterator(dream::test::data() / "config" / "bad"))
    all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_mistake_is_found_at_its_place) {
  BOOST_TEST(files().size() >= 40u);
  for (const auto& file : files()) {
    BOOST_TEST_CONTEXT(file.filename().string()) {
      const auto test = read_case(file);
      const auto found = problems_of(test);
      BOOST_TEST(!test.expected.empty());
      BOOST_TEST(found.size() == test.expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (i < test.expected.size())
          compare(found[i], test.expected[i]);
        else
          BOOST_TEST_ERROR("not expected: " + fields(found[i]) + " " + found[i].message);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(no_message_holds_a_secret) {
  for (const auto& file : files()) {
    auto test = read_case(file);
    // Whatever is wrong, the models' real keys and those that were spelled out stay out of it.
    try {
      (void)load_text(test.text, "bad.toml", config::test::catalog(), test.options);
    } catch (const ConfigError& error) {
      const std::string message = error.what();
      for (const auto* secret : {"verysecret", "sk-plain", "sk-commandline", "9999999999"}) {
        BOOST_TEST(message.find(secret) == std::string::npos, file.filename().string() + " shows " + secret);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_message_reads_as_file_line_column_key) {
  Case test;
  test.text = "[sweep]\nsed = 3\n";
  test.options.overrides = {"golden.size=abc"};
  const auto found = problems_of(test);
  BOOST_REQUIRE(!found.empty());
  BOOST_TEST(found[found.size() - 2].text() ==
             "bad.toml:2:1: sweep.sed: unknown key; did you mean \"seed\"?");
  BOOST_TEST(found.front().text() ==
             "bad.toml:1:1: corpus.sources: is missing; write sources = [\"inputs/handbook\"]");
  BOOST_TEST(found.back().text() ==
             "--set golden.size=abc: golden.size: found a text (\"abc\"); wanted a whole number");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_a_config_error) {
  for (const auto& path : {dream::test::folder() / "absent.toml", dream::test::folder()}) {
    try {
      (void)load(path.string(), config::test::catalog(), {});
      BOOST_TEST_ERROR("loaded " + path.string());
    } catch (const InvalidConfig& error) {
      BOOST_TEST((error.problems.at(0).mistake == Mistake::file));
      BOOST_TEST(error.problems.at(0).place.source == path.string());
    }
  }
}

BOOST_AUTO_TEST_CASE(texts_that_would_exhaust_memory_or_stack_are_refused) {
  std::string dots;
  for (int i = 0; i < 100'000; ++i) dots += "a.";
  for (const auto& text :
       {dots + "a = 1", "[" + dots + "a]", std::string(2 << 20, '#'), std::string(100'000, '[')}) {
    Case test;
    test.text = text;
    const auto found = problems_of(test);
    BOOST_REQUIRE(found.size() == 1u);
    BOOST_TEST((found[0].mistake == Mistake::syntax));
  }
  // Dots in texts and comments count for nothing.
  Case test;
  test.text = "# " + dots + "\n[sweep]\nname = \"" + dots + "\"\nstate = '''\n" + dots + "'''\nseed = -1\n";
  const auto found = problems_of(test);
  BOOST_REQUIRE(found.size() == 7u);
  BOOST_TEST(found.back().key == "sweep.seed");
}
