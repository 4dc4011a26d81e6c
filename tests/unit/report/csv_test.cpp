#include "report/csv.hpp"

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

namespace fs = std::filesystem;
namespace test = dream::test;
using dream::report::CsvWriter;
using namespace std::string_view_literals;

namespace {

std::string written(std::string_view cell) {
  const auto file = test::folder() / "table.csv";
  CsvWriter out(file);
  out.cell(cell).end_row();
  out.close();
  return dream::read_file(file);
}

}  // namespace

BOOST_AUTO_TEST_CASE(cells_are_quoted_when_they_must_be) {
  BOOST_TEST(written("plain text; é") == "plain text; é\n");
  BOOST_TEST(written("") == "\n");
  BOOST_TEST(written("a,b") == "\"a,b\"\n");
  BOOST_TEST(written("say \"yes\"") == "\"say \"\"yes\"\"\"\n");
  BOOST_TEST(written("two\nlines") == "\"two\nlines\"\n");
}

BOOST_AUTO_TEST_CASE(a_cell_that_a_spreadsheet_would_run_is_text) {
  BOOST_TEST(written("=1+1") == "'=1+1\n");
  BOOST_TEST(written("+49 30") == "'+49 30\n");
  BOOST_TEST(written("-2") == "'-2\n");
  BOOST_TEST(written("@SUM(A1)") == "'@SUM(A1)\n");
  BOOST_TEST(written("=HYPERLINK(\"http://x\",\"y\")") == "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\n");
  BOOST_TEST(written("\t=1") == "\"'\t=1\"\n");
  BOOST_TEST(written("\r=1") == "' =1\n");
  BOOST_TEST(written("a=1") == "a=1\n");
}

BOOST_AUTO_TEST_CASE(control_characters_become_spaces) {
  BOOST_TEST(written("a\x1b[31mb\x07"
                     "c\x7f\rd\0e"sv) == "a [31mb c  d e\n");
}

BOOST_AUTO_TEST_CASE(numbers_read_back_as_they_were) {
  const auto file = test::folder() / "numbers.csv";
  CsvWriter out(file);
  out.cell(std::int64_t{-7}).cell(0.1).cell(1.0 / 3).empty().cell("x").end_row();
  out.cell(std::int64_t{0}).end_row();
  out.close();
  BOOST_TEST(dream::read_file(file) == "-7,0.1,0.3333333333333333,,x\n0\n");
}

BOOST_AUTO_TEST_CASE(a_table_is_there_whole_or_not) {
  const auto file = test::folder() / "half.csv";
  CsvWriter out(file);
  out.cell("half").end_row();
  BOOST_TEST(!fs::exists(file));
  out.close();
  BOOST_TEST(fs::exists(file));
  BOOST_CHECK_THROW(CsvWriter(test::folder() / "no such folder" / "table.csv"), dream::StateError);
}
