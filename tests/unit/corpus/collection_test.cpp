#include "corpus/collection.hpp"

#include <fstream>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

using namespace dream;
namespace test = dream::test;

namespace {

std::filesystem::path file_of(const std::string& bytes) {
  const auto path = test::folder() / "corpus.jsonl";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string problem_of(const std::string& line) {
  std::string problem = "something of an earlier line";
  return corpus::parse_member(line, problem) ? "" : problem;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_line_is_found_where_it_lies) {
  const std::vector<std::string> lines{R"({"_id": "a/1", "title": "T", "text": "x"})", "  ",
                                       R"({"_id": 12, "text": "y\nz", "metadata": {"url": "u"}})",
                                       R"({"_id": "end", "title": null, "text": ""})"};
  for (const std::string end : {"\n", "\r\n"}) {
    for (const std::string begin : {"", "\xEF\xBB\xBF"}) {
      std::string bytes = begin;
      for (const auto& line : lines) bytes += line + end;
      bytes.resize(bytes.size() - end.size());  // the last one has no end
      const auto path = file_of(bytes);
      const auto found = corpus::list_members(path, no_pulse());
      BOOST_TEST(found.bad.empty());
      BOOST_REQUIRE(found.members.size() == 3U);
      const std::vector<std::pair<std::string, std::int64_t>> wanted{{"a/1", 1}, {"12", 3}, {"end", 4}};
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto& member = found.members[i];
        BOOST_TEST(member.id == wanted[i].first);
        BOOST_TEST(member.line == wanted[i].second);
        std::string problem;
        const auto read = corpus::parse_member(read_file_part(path, member.offset, member.bytes), problem);
        BOOST_REQUIRE_MESSAGE(read, problem);
        BOOST_TEST(read->id == member.id);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(lines_longer_than_a_block_of_reading_are_whole) {
  std::string bytes;
  for (int i = 0; i < 5; ++i)
    bytes += R"({"_id": ")" + std::to_string(i) + R"(", "text": ")" + std::string(300'000, 'x') + "\"}\n";
  const auto found = corpus::list_members(file_of(bytes), no_pulse());
  BOOST_REQUIRE(found.members.size() == 5U);
  BOOST_TEST(found.members[4].offset == static_cast<std::int64_t>(bytes.size() / 5 * 4));
}

BOOST_AUTO_TEST_CASE(lines_that_are_no_documents_are_named) {
  const auto found = corpus::list_members(
      file_of("{\"_id\": \"1\", \"text\": \"a\"}\nno\n\n{\"_id\": \"1\", \"text\": \"b\"}\n"), no_pulse());
  BOOST_TEST(found.members.size() == 1U);
  BOOST_REQUIRE(found.bad.size() == 2U);
  BOOST_TEST(found.bad[0].line == 2);
  BOOST_TEST(found.bad[0].problem.starts_with("is no JSON object"));
  BOOST_TEST(found.bad[1].line == 4);
  BOOST_TEST(found.bad[1].problem == "\"_id\" is that of line 1");
}

BOOST_AUTO_TEST_CASE(what_a_document_must_have) {
  BOOST_TEST(problem_of(R"({"_id": "1", "text": "a"})").empty());
  BOOST_TEST(problem_of(R"({"_id": "1"})") == "\"text\" is no text");
  BOOST_TEST(problem_of(R"({"_id": "1", "text": ["a"]})") == "\"text\" is no text");
  BOOST_TEST(problem_of(R"({"_id": "1", "text": "a", "title": 3})") == "\"title\" is no text");
  BOOST_TEST(problem_of(R"({"_id": "", "text": "a"})").starts_with("\"_id\" is missing"));
  BOOST_TEST(problem_of(R"({"text": "a"})").starts_with("\"_id\" is missing"));
  BOOST_TEST(problem_of("[1]").starts_with("is no JSON object"));
  BOOST_TEST(problem_of("{\"_id\": \"1\", \"text\": \"\xff\"}").starts_with("is no JSON object"));
}

BOOST_AUTO_TEST_CASE(questions_and_judgements_beside_it_hold_no_documents) {
  const auto folder = file_of("").parent_path();
  BOOST_TEST(corpus::is_collection(folder / "corpus.jsonl"));
  BOOST_TEST(!corpus::is_collection(folder / "my_corpus.jsonl"));
  BOOST_TEST(corpus::is_companion(folder / "queries.jsonl"));
  BOOST_TEST(corpus::is_companion(folder / "qrels" / "test.tsv"));
  BOOST_TEST(!corpus::is_companion(folder / "notes.txt"));
  BOOST_TEST(!corpus::is_companion(folder / "other" / "queries.jsonl"));
}
