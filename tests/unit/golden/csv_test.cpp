#include "golden/csv.hpp"

#include "base/errors.hpp"
#include "golden/list_cell.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using Texts = std::vector<std::string>;

namespace {

std::string error_of(std::string_view bytes) {
  try {
    (void)golden::parse_csv(bytes, "g.csv");
  } catch (const CorpusError& error) {
    BOOST_TEST(error.path == "g.csv");
    return error.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(csv_knows_quotes_newlines_and_line_ends) {
  const auto rows = golden::parse_csv(
      "\xEF\xBB\xBF"
      "a,b\r\n\"x \"\"y\"\"\",\"1\n2\"\r\n\n,\rlast,\"\"",
      "g.csv");
  BOOST_REQUIRE(rows.size() == 4);
  BOOST_TEST((rows[0].cells == Texts{"a", "b"}));
  BOOST_TEST((rows[1].cells == Texts{"x \"y\"", "1\n2"}));
  BOOST_TEST(rows[1].line == 2);
  BOOST_TEST((rows[2].cells == Texts{"", ""}));
  BOOST_TEST(rows[2].line == 5);
  BOOST_TEST((rows[3].cells == Texts{"last", ""}));
  BOOST_TEST(rows[3].line == 6);
}

BOOST_AUTO_TEST_CASE(csv_takes_other_separators_when_there_is_no_comma) {
  BOOST_TEST((golden::parse_csv("a;b\n1,5;2\n", "g")[1].cells == Texts{"1,5", "2"}));
  BOOST_TEST((golden::parse_csv("a\tb\n1\t2", "g")[1].cells == Texts{"1", "2"}));
  BOOST_TEST(golden::parse_csv("", "g").empty());
}

BOOST_AUTO_TEST_CASE(csv_errors_name_line_and_remedy) {
  BOOST_TEST(error_of("a,b\n1,\"open\n\n") ==
             "g.csv: line 2, column 2: the quote that opens here is never closed");
  BOOST_TEST(error_of("a\n\"x\"y\n") ==
             "g.csv: line 2, column 1: 'y' behind a closing quote; write a quote inside a cell as \"\"");
  BOOST_TEST(error_of("a\nb\nna\xEFve\n") == "g.csv: line 3: byte 0xEF is not UTF-8; save the file as UTF-8");
  BOOST_TEST(error_of(std::string("\xFF\xFE"
                                  "a\0",
                                  4)) == "g.csv: is UTF-16; save it as UTF-8");
}

BOOST_AUTO_TEST_CASE(lists_may_be_json_python_or_one_text) {
  const auto list = [](std::string_view cell) { return golden::parse_list_cell(cell).value(); };
  BOOST_TEST((list(R"(["a \"b\"", "c\nd\u00e9\ud83d\ude00", null])") ==
              Texts{"a \"b\"", "c\nd\xC3\xA9\xF0\x9F\x98\x80"}));
  BOOST_TEST((list(R"(['it', "it's", 'a\'b\x41\q', None,])") == Texts{"it", "it's", "a'bA\\q"}));
  BOOST_TEST((list(" plain, with comma ") == Texts{"plain, with comma"}));
  BOOST_TEST((list("[1] Foo") == Texts{"[1] Foo"}));
  BOOST_TEST((list("[] is empty") == Texts{"[] is empty"}));
  BOOST_TEST(list("[]").empty());
  BOOST_TEST(list(" [ ] ").empty());
  BOOST_TEST(list("").empty());
  BOOST_TEST(list("[\"\"]").empty());
  for (const auto* broken : {"[\"a\", ", "[\"a", "['a' 'b']", "[\"a\"] x", "[\"\\u12\"]"}) {
    BOOST_TEST(!golden::parse_list_cell(broken).has_value(), broken);
  }
}
