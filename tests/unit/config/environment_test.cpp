#include <cstdlib>

#include "base/file.hpp"
#include "config/problems.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/config/catalog.hpp"

using namespace dream;
using namespace dream::config;

namespace {

std::string env_file(const std::string& text) {
  const auto file = (dream::test::folder() / "env").string();
  write_file(file, text);
  return file;
}

}  // namespace

BOOST_AUTO_TEST_CASE(environment_is_the_process_with_the_file_on_top) {
  ::setenv("DREAM_TEST_A", "process", 1);
  ::setenv("DREAM_TEST_B", "process=b", 1);
  BOOST_TEST(environment("").at("DREAM_TEST_B") == "process=b");
  const auto values = environment(env_file("DREAM_TEST_A=file\n"));
  BOOST_TEST(values.at("DREAM_TEST_A") == "file");
  BOOST_TEST(values.at("DREAM_TEST_B") == "process=b");
}

BOOST_AUTO_TEST_CASE(env_files_know_comments_quotes_export_and_foreign_line_ends) {
  const auto values =
      environment(env_file("\xef\xbb\xbf# first\nA=1\r\n  export B = two words # comment\nC='single # $x "
                           "\\n'\nD=\"line\\nend \\\"q\\\" \\$\" # c\n"
                           "\nE=\nF=a#b=c\nG=\"\"\nA=last\nH=''# c\nI= # nothing\nJ=end"));
  BOOST_TEST(values.at("A") == "last");
  BOOST_TEST(values.at("B") == "two words");
  BOOST_TEST(values.at("C") == "single # $x \\n");
  BOOST_TEST(values.at("D") == "line\nend \"q\" $");
  BOOST_TEST(values.at("E") == "");
  BOOST_TEST(values.at("F") == "a#b=c");
  BOOST_TEST(values.at("G") == "");
  BOOST_TEST(values.at("H") == "");
  BOOST_TEST(values.at("I") == "");
  BOOST_TEST(values.at("J") == "end");
}

BOOST_AUTO_TEST_CASE(bad_env_files_name_every_line_and_show_none) {
  try {
    (void)environment(
        env_file("A=1\nsk-secret\n1B=sk-secret\nC=\"sk-secret\nD='sk-secret' sk-secret\n=sk-secret\n"));
    BOOST_TEST_ERROR("read");
  } catch (const InvalidConfig& error) {
    std::vector<int> lines;
    for (const auto& problem : error.problems) lines.push_back(problem.place.line);
    BOOST_TEST(lines == (std::vector<int>{2, 3, 4, 5, 6}), boost::test_tools::per_element());
    BOOST_TEST(std::string(error.what()).find("sk-secret") == std::string::npos);
  }
  BOOST_CHECK_THROW((void)environment((dream::test::folder() / "absent").string()), InvalidConfig);
}
