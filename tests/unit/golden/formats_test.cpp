#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "golden/golden.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using Texts = std::vector<std::string>;

namespace {

std::vector<std::string> problems_of(std::string_view bytes) {
  std::vector<std::string> out;
  try {
    (void)golden::parse(bytes, "g");
  } catch (const golden::GoldenError& error) {
    for (const auto& problem : error.problems) out.push_back(problem.text());
  }
  return out;
}

std::string message_of(const std::filesystem::path& path) {
  try {
    (void)golden::load(path);
  } catch (const CorpusError& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A folder in BEIR's form.
std::filesystem::path beir(const std::string& queries,
                           const std::vector<std::pair<std::string, std::string>>& qrels) {
  const auto folder = test::folder() / "beir";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "qrels");
  write_file(folder / "queries.jsonl", queries);
  for (const auto& [name, bytes] : qrels) write_file(folder / "qrels" / name, bytes);
  return folder;
}

constexpr const char* squad = R"({"version": "v2.0", "data": [{"title": "T", "paragraphs": [
  {"context": "The Ner is a river.", "qas": [
    {"id": "a", "question": "What is the Ner?", "answers": [{"text": "a river", "answer_start": 11},
       {"text": "river", "answer_start": 13}, {"text": "a river", "answer_start": 11}], "is_impossible": false},
    {"id": "b", "question": "How long is it?", "answers": [], "is_impossible": true}]}]}]})";

std::vector<Digest> contents_of(const std::vector<GoldenQuestion>& questions) {
  std::vector<Digest> contents;
  for (const auto& question : questions) contents.push_back(golden::content_of(question));
  return contents;
}

}  // namespace

BOOST_AUTO_TEST_CASE(json_lines_have_the_names_of_csv) {
  const auto a = golden::parse(
      "\xEF\xBB\xBF{\"id\": 7, \"question\": \" Q? \", \"ground_truths\": [\"R\", \"S\"], \"contexts\": "
      "[\"c\"]}\n"
      "\n"
      "{\"user_input\": \"Q2\", \"reference\": \"R2\", \"reference_contexts\": \"['d', 'e']\", \"sources\": "
      "\"a.md\", \"retrieved_contexts\": [1], \"answer\": \"no\"}\r\n"
      "{\"question\": \"Q3\", \"kind\": \"unanswerable\", \"reference\": null}",
      "g");
  BOOST_REQUIRE(a.size() == 3U);
  BOOST_TEST((a[0].id == "7" && a[0].question == "Q?" && a[0].reference == "R" && a[0].line == 1));
  BOOST_TEST((a[0].alternatives == Texts{"S"}));
  BOOST_TEST((a[0].contexts == Texts{"c"}));
  BOOST_TEST((a[1].id == "q2" && a[1].question == "Q2" && a[1].reference == "R2" && a[1].line == 3));
  BOOST_TEST((a[1].contexts == Texts{"d", "e"}));
  BOOST_TEST((a[1].sources == Texts{"a.md"}));
  BOOST_TEST((a[2].unanswerable && a[2].reference.empty()));
}

BOOST_AUTO_TEST_CASE(every_bad_line_is_named_with_its_remedy) {
  const auto problems = problems_of(
      "{\"question\": \"Q\", \"reference\": \"R\"}\n"
      "{\"qestion\": \"Q\", \"reference\": \"R\"}\n"
      "{\"question\": \"Q\", \n"
      "{\"question\": \"\", \"reference\": \"R\"}\n"
      "{\"question\": \"Q5\", \"reference\": \" \"}\n"
      "{\"question\": [\"Q\"], \"reference\": \"R6\"}\n"
      "{\"question\": \"Q7\", \"reference\": \"R\", \"contexts\": [1]}\n");
  BOOST_REQUIRE(problems.size() == 7U);
  BOOST_TEST(problems[0] ==
             "row 2 (line 2), column \"question\": no such field, nor user_input; the fields are: qestion, "
             "reference; did you mean \"qestion\"?");
  BOOST_TEST(has(problems[1], "row 3 (line 3): is no JSON object"));
  BOOST_TEST(problems[2] ==
             "row 4 (line 4), column \"question\": empty; write the question or delete the row");
  BOOST_TEST(has(problems[3], "row 5 (line 5), column \"reference\": empty"));
  BOOST_TEST(has(problems[4], "row 6 (line 6), column \"question\": found array; wanted a text"));
  BOOST_TEST(has(problems[5], "row 6"));  // and so it is empty
  BOOST_TEST(has(problems[6], "row 7 (line 7), column \"contexts\""));
}

BOOST_AUTO_TEST_CASE(rows_that_say_the_same_are_found) {
  const auto all = golden::parse("id,question,reference,sources\na,Q,R,x\nb,Q,R,y\nc,Q,R,x\nd,Q,R2,x\n", "g");
  const auto problems = golden::duplicates(all, contents_of(all));
  BOOST_REQUIRE(problems.size() == 1U);
  BOOST_TEST(problems[0].text() ==
             "row 3 (line 4): says the same as row 1, so it counts twice; delete one of the two");
}

BOOST_AUTO_TEST_CASE(squad_gives_paragraphs_answers_and_what_has_none) {
  const auto all = golden::parse(squad, "g");
  BOOST_REQUIRE(all.size() == 2U);
  BOOST_TEST((all[0].id == "a" && all[0].reference == "a river" && !all[0].unanswerable));
  BOOST_TEST((all[0].alternatives == Texts{"river"}));
  BOOST_TEST((all[0].contexts == Texts{"The Ner is a river."}));
  BOOST_TEST((all[1].unanswerable && all[1].reference.empty() && all[1].contexts.empty()));
  // 1.1 has no is_impossible.
  const auto old = golden::parse(
      R"({"data": [{"paragraphs": [{"context": "C", "qas": [{"id": "x", "question": "Q", "answers": [{"text": "A"}]}]}]}]})",
      "g");
  BOOST_TEST((old.size() == 1U && old[0].reference == "A"));
}

BOOST_AUTO_TEST_CASE(wrong_squad_is_named_by_its_path) {
  const auto problems = problems_of(
      R"({"data": [{"paragraphs": [{"context": "C", "qas": [{"id": "x", "question": "Q", "answers": []},
         {"id": "y", "answers": [{"text": 1}]}]}, {"qas": 3}]}]})");
  BOOST_REQUIRE(problems.size() == 6U);
  BOOST_TEST(
      problems[0] ==
      "row 1, column \"data[0].paragraphs[0].qas[0].answers\": empty; write the reference answer or delete "
      "the row");
  BOOST_TEST(has(problems[1], "qas[1].question\": found null; wanted a text"));
  BOOST_TEST(has(problems[5], "data[0].paragraphs[1].qas\": found number; SQuAD has a list here"));
  try {
    (void)golden::parse("{\"version\": \"1.1\", \"data\": [\n{\"x\": ]}", "g");
    BOOST_TEST(false);
  } catch (const CorpusError& error) {
    BOOST_TEST(has(error.what(), "line 2"));
  }
}

BOOST_AUTO_TEST_CASE(beir_keeps_grades) {
  const std::string queries =
      "{\"_id\": \"1\", \"text\": \"one\"}\n{\"_id\": 2, \"text\": \"two\"}\n{\"_id\": \"3\", \"text\": "
      "\"three\"}\n";
  const std::string header = "query-id\tcorpus-id\tscore\n";
  auto folder = beir(queries, {{"test.tsv", header + "1\td1\t2\n1\td2\t0\n1\td3\t1\r\n2\td1\t1\n"},
                               {"dev.tsv", header + "3\td1\t1\n"}});
  const auto all = golden::load(folder);
  BOOST_REQUIRE(all.size() == 2U);  // 3 is of another split
  BOOST_TEST((all[0].id == "1" && all[0].question == "one" && all[0].reference.empty()));
  BOOST_TEST((all[0].sources == Texts{"d1", "d3"}));
  BOOST_TEST((all[0].grades == std::vector<std::int64_t>{2, 1}));
  BOOST_TEST(all[1].id == "2");
  BOOST_TEST(golden::load(folder / "qrels" / "dev.tsv").at(0).id == "3");
  // trec's own form, and the only one there.
  folder = beir(queries, {{"x.tsv", "1\t0\td1\t1\n"}});
  BOOST_TEST((golden::load(folder).at(0).sources == Texts{"d1"}));
}

BOOST_AUTO_TEST_CASE(bad_beir_is_named_by_line) {
  const std::string queries = "{\"_id\": \"1\", \"text\": \"one\"}\n{\"text\": \"two\"}\n";
  auto message =
      message_of(beir(queries, {{"test.tsv", "query-id\tcorpus-id\tscore\n1\td1\n1\td2\thigh\n"}}));
  BOOST_TEST((has(message, "row 1 (line 2)") && has(message, "row 2 (line 3)") && has(message, "test.tsv")));
  message = message_of(beir(queries, {{"test.tsv", "1\td1\t1\n"}}));
  BOOST_TEST((has(message, "line 2") && has(message, "_id")));
  message = message_of(beir(queries, {{"a.tsv", ""}, {"b.tsv", ""}}));
  BOOST_TEST((has(message, "a.tsv") && has(message, "b.tsv")));
  BOOST_TEST(has(message_of(beir(queries, {})), "qrels/test.tsv"));
}

BOOST_AUTO_TEST_CASE(questions_travel_whole) {
  auto questions = golden::parse(squad, "g");
  questions[1].grades = {3, 1};
  questions[1].sources = {"x", "y"};
  questions[1].line = 7;
  std::vector<GoldenQuestion> arrived;
  golden::unpack(golden::pack(std::span(questions).first(1)), arrived);
  golden::unpack(golden::pack(std::span(questions).subspan(1)), arrived);
  BOOST_TEST(golden::digest_of(arrived).hex() == golden::digest_of(questions).hex());
  BOOST_TEST(arrived[1].line == 7);
}

BOOST_AUTO_TEST_CASE(every_field_is_in_the_digest) {
  const auto base = golden::parse(squad, "g");
  const auto changed = [&base](auto change) {
    auto questions = base;
    change(questions[0]);
    return golden::digest_of(questions).hex() != golden::digest_of(base).hex();
  };
  BOOST_TEST(changed([](auto& q) { q.reference += "."; }));
  BOOST_TEST(changed([](auto& q) { q.alternatives.clear(); }));
  BOOST_TEST(changed([](auto& q) { q.grades = {1}; }));
  BOOST_TEST(changed([](auto& q) { q.unanswerable = true; }));
  BOOST_TEST(!changed([](auto& q) { q.line = 9; }));
}

BOOST_AUTO_TEST_CASE(real_collections_are_read, *boost::unit_test::label("realdata")) {
  const auto cranfield = test::realdata() / "cranfield";
  const auto plain = golden::load(cranfield);
  const auto graded = golden::load(cranfield / "qrels" / "test_graded.tsv");
  BOOST_TEST(plain.size() == 225U);
  BOOST_TEST(graded.size() == 225U);
  std::size_t pairs = 0;
  std::int64_t best = 0;
  for (const auto& question : plain) pairs += question.sources.size();
  for (const auto& question : graded) best = std::max(best, *std::ranges::max_element(question.grades));
  BOOST_TEST(pairs == 1837U);
  BOOST_TEST(best == 4);
  for (const auto* set : {"squad", "squad_i18n"})
    BOOST_TEST(golden::load(test::realdata() / set / "questions.csv").size() > 400U);
  BOOST_TEST(golden::load(test::realdata() / "sec10q" / "golden.csv").size() == 195U);
}
