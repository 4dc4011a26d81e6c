#include "golden/golden.hpp"

#include <set>
#include <tuple>

#include "base/file.hpp"
#include "golden/document_names.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using Texts = std::vector<std::string>;

namespace {

std::vector<golden::Problem> problems_of(std::string_view bytes) {
  try {
    (void)golden::parse(bytes, "g.csv");
  } catch (const golden::GoldenError& error) {
    BOOST_TEST(error.path == "g.csv");
    BOOST_TEST(std::string(error.what()).find("g.csv: ") == 0);
    return error.problems;
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(columns_go_by_several_names) {
  const auto a = golden::parse(
      "id,question,ground_truth,contexts,source,answer\n7,Q?,R,\"[\"\"c\"\"]\",\"f,1.md\",no\n", "g");
  BOOST_REQUIRE(a.size() == 1);
  BOOST_TEST(a[0].id == "7");
  BOOST_TEST(a[0].question == "Q?");
  BOOST_TEST(a[0].reference == "R");  // answer is a last resort
  BOOST_TEST((a[0].contexts == Texts{"c"}));
  BOOST_TEST((a[0].sources == Texts{"f,1.md"}));
  const auto b =
      golden::parse("user_input,reference_contexts,reference\n Q? ,\"['c', 'd']\",R\nQ2,,R2\n", "g");
  BOOST_REQUIRE(b.size() == 2);
  BOOST_TEST(b[0].id == "q1");
  BOOST_TEST(b[0].question == "Q?");
  BOOST_TEST((b[0].contexts == Texts{"c", "d"}));
  BOOST_TEST(b[1].id == "q2");
  BOOST_TEST(b[1].contexts.empty());
  const auto c = golden::parse("\xEF\xBB\xBFQuestion,Source Docs,Answer\r\nQ?,*AAPL*,R\r\n", "g");
  BOOST_TEST((c.at(0).sources == Texts{"*AAPL*"}));
  BOOST_TEST(c.at(0).reference == "R");
}

BOOST_AUTO_TEST_CASE(a_missing_column_names_those_that_are_there) {
  const auto problems = problems_of("id,qestion,reference\n1,2,3\n");
  BOOST_REQUIRE(problems.size() == 1);
  BOOST_TEST(problems[0].row == 0);
  BOOST_TEST(problems[0].column == "question");
  BOOST_TEST(
      problems[0].what ==
      "no such column, nor user_input; the columns are: id, qestion, reference; did you mean \"qestion\"?");
  BOOST_TEST(problems_of("question,expected\n1,2\n").at(0).column == "reference");
}

BOOST_AUTO_TEST_CASE(all_wrong_rows_are_listed_at_once) {
  const auto problems = problems_of(
      "id,question,reference,contexts\n"
      "a,Q,R,\n"
      "b,\"\n\",R,\n"       // row 2: question of white space
      "c,Q,,\n"             // row 3, line 5
      "a,Q,R,\n"            // row 4: an id again, which is fine
      "e,Q,R,\"[\"\"x\"\n"  // row 5: a broken list
      "f,Q\n");             // row 6: too few cells
  BOOST_REQUIRE(problems.size() == 4);
  const std::vector<std::tuple<int, int, std::string>> expected{
      {2, 3, "question"}, {3, 5, "reference"}, {5, 7, "contexts"}, {6, 8, ""}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST(problems[i].row == std::get<0>(expected[i]));
    BOOST_TEST(problems[i].line == std::get<1>(expected[i]));
    BOOST_TEST(problems[i].column == std::get<2>(expected[i]));
  }
  BOOST_TEST(problems[1].text() ==
             "row 3 (line 5), column \"reference\": empty; write the reference answer or delete the row");
}

BOOST_AUTO_TEST_CASE(ids_are_made_to_differ) {
  const auto questions = golden::parse("id,question,reference\na,Q,R\na,Q,R\na#2,Q,R\n,Q,R\na,Q,R\n", "g");
  Texts ids;
  for (const auto& question : questions) ids.push_back(question.id);
  BOOST_TEST((ids == Texts{"a", "a#2", "a#2#2", "q4", "a#3"}));
}

BOOST_AUTO_TEST_CASE(files_without_rows_are_refused) {
  BOOST_CHECK_THROW((void)golden::parse("", "g"), CorpusError);
  BOOST_CHECK_THROW((void)golden::parse("question,reference\n", "g"), CorpusError);
  BOOST_CHECK_THROW((void)golden::load("/no/such/file.csv"), CorpusError);
}

BOOST_AUTO_TEST_CASE(sources_match_by_name_last_part_or_pattern) {
  const auto matches = [](const char* source, const char* name) {
    return !golden::DocumentIndex({name}).find(source).empty();
  };
  BOOST_TEST(matches("a.md", "inputs/x/a.md"));
  BOOST_TEST(matches("old/a.md", "a.md"));
  BOOST_TEST(!matches("a.md", "aa.md"));
  BOOST_TEST(matches("a", "x/a.md"));
  BOOST_TEST(matches("1.5", "1.5.txt"));
  BOOST_TEST(!matches("1", "1.5.txt"));
  BOOST_TEST(!matches("md", "a.md"));
  BOOST_TEST(!matches("", ".md"));
  BOOST_TEST(matches("*AAPL*", "docs/2022 Q3 AAPL.pdf"));
  BOOST_TEST(!matches("*AAPL*", "docs/2022 Q3 MSFT.pdf"));
  BOOST_TEST(matches("what?.md", "what?.md"));
  // The name itself keeps others of the same last part away.
  BOOST_TEST(golden::DocumentIndex({"x/a.md", "a.md"}).find("a.md") == std::vector<std::size_t>{1},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(validate_names_rows_whose_source_is_absent) {
  const auto questions = golden::parse(
      "question,reference,sources\nA,R,a.md\nB,R,\"[\"\"a.md\"\", \"\"bb.md\"\"]\"\nC,R,*zz*\n", "g");
  const std::vector<std::string> known{"docs/a.md", "docs/b.md"};
  const auto problems = golden::validate(questions, known);
  BOOST_REQUIRE(problems.size() == 2);
  BOOST_TEST(problems[0].row == 2);
  BOOST_TEST(problems[0].what == "\"bb.md\" is no document of the corpus; did you mean \"b.md\"?");
  BOOST_TEST(problems[1].row == 3);
  BOOST_TEST(golden::validate(questions, std::vector<std::string>{"a.md", "bb.md", "1zz2"}).empty());
}

BOOST_AUTO_TEST_CASE(the_digest_sees_every_field) {
  const auto base = golden::parse("id,question,reference,contexts,source\n1,Q,R,c,s\n", "g");
  std::set<Digest> digests{golden::digest_of(base)};
  for (auto change : {0, 1, 2, 3, 4, 5}) {
    auto other = base;
    if (change == 0) other[0].id = "2";
    if (change == 1) other[0].question = "Q2";
    if (change == 2) other[0].reference = "R2";
    if (change == 3) other[0].contexts = {};
    if (change == 4) other[0].contexts = {"c", "s"}, other[0].sources = {};
    if (change == 5) other.push_back(base[0]);
    digests.insert(golden::digest_of(other));
  }
  BOOST_TEST(digests.size() == 7U);
  // Pinned: keys of the state folder depend on it.
  BOOST_TEST(golden::digest_of(base).hex() == "a0606f7acaed44e7e51202d772b41cf0");
}

BOOST_AUTO_TEST_CASE(real_golden_files_load, *boost::unit_test::label("realdata")) {
  const auto data = test::realdata();
  const auto squad = golden::load(data / "squad" / "questions.csv");
  BOOST_TEST(squad.size() == 612U);
  BOOST_TEST(squad[0].reference == "308");
  BOOST_TEST((squad[0].sources == Texts{"Super_Bowl_50.md"}));
  BOOST_TEST(squad[0].contexts.at(0).find("The Panthers defense gave up") == 0U);
  const auto filings = golden::load(data / "sec10q" / "golden.csv");
  BOOST_TEST(filings.size() == 195U);
  BOOST_TEST(filings[0].sources.size() == 4U);
  const auto original = golden::load(data / "sec10q" / "qna_data.csv");
  BOOST_REQUIRE(original.size() == 195U);
  std::vector<std::string> known;
  for (const auto& entry : std::filesystem::directory_iterator(data / "sec10q" / "docs"))
    known.push_back(entry.path().string());
  BOOST_TEST(golden::validate(original, known).empty());
  BOOST_TEST(golden::validate(filings, known).empty());
  for (std::size_t i = 0; i < 195; ++i) BOOST_TEST(original[i].question == filings[i].question);
  BOOST_TEST(golden::load(data / "squad_i18n" / "questions.csv").size() == 462U);
  BOOST_CHECK_THROW((void)golden::load(data / "formats" / "csv" / "hf_doc_qa_eval.csv"), golden::GoldenError);
}
