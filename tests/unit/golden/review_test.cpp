#include "golden/review.hpp"

#include "golden/csv.hpp"
#include "golden/golden.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::golden;

namespace {

std::vector<GoldenQuestion> questions() {
  return {{"q1", "A?", "a", {}, {}}, {"q2", "B?", "b", {}, {}}, {"q3", "C?", "c", {}, {}}};
}

std::string complaint(std::string_view bytes) {
  try {
    (void)rejected_by(parse_review(bytes, "r.csv"), questions(), "r.csv");
  } catch (const CorpusError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(rejected_questions_are_left_out) {
  const auto review =
      parse_review("Decision,id,comment,else\n reject ,q2,\"no, thanks\",x\nACCEPT,q1,,\n,q3,,\n", "r");
  BOOST_TEST(review.at("q2").comment == "no, thanks");
  BOOST_TEST((review.at("q1").decision == Decision::accept));
  BOOST_TEST((rejected_by(review, questions(), "r") == std::vector<std::int64_t>{1}));
}

BOOST_AUTO_TEST_CASE(mistakes_of_a_review_are_told_together_with_their_rows) {
  const auto text = complaint("id,decision\nq1,rejected\n,accept\nq2,reject\nq2,accept\n");
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(text.find("row 1 (line 2), column \"decision\": found \"rejected\"") != std::string::npos);
    BOOST_TEST(text.find("row 2 (line 3), column \"id\": empty") != std::string::npos);
    BOOST_TEST(text.find("row 4 (line 5), column \"id\"") != std::string::npos);
  }
  BOOST_TEST(complaint("id,verdict\nq1,reject\n").find("no such column") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_rejection_is_lost_and_something_must_be_left) {
  BOOST_TEST(complaint("id,decision\nq9,reject\n").find("\"q9\"") != std::string::npos);
  BOOST_TEST(complaint("id,decision\nq9,accept\n") == "");
  BOOST_TEST(complaint("id,decision\nq1,reject\nq2,reject\nq3,reject\n").find("every question") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_review_lies_beside_its_golden_file) {
  BOOST_TEST(review_beside("a/golden.csv") == std::filesystem::path("a/golden.review.csv"));
}

BOOST_AUTO_TEST_CASE(what_is_written_as_csv_is_read_back) {
  const std::vector<std::string> cells{"a", "", "b,c", "d\"e\"", "f\ng", "h;i", " j ", "\xC3\xA9"};
  const auto rows =
      parse_csv(csv_record(std::vector<std::string>(cells.size(), "x")) + csv_record(cells), "x");
  BOOST_REQUIRE(rows.size() == 2U);
  BOOST_TEST(rows[1].cells == cells, boost::test_tools::per_element());
}
