#include "tracking/tables.hpp"

#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using nlohmann::json;

BOOST_AUTO_TEST_CASE(rows_of_a_trial_become_a_table) {
  const auto file = dream::test::folder() / "questions.csv";
  write_file(
      file,
      "trial,method,parameters,embedder,reranker,top_k,llm,judge,id,answer,answer_reason,f1,f1_reason\n"
      "1,a,,e,none,2,l,overlap,q1,\"two\nlines, \"\"quoted\"\"\",,0.5,\n"
      "1,a,,e,none,2,l,overlap,q2,,refused,,no answer\n"
      "2,a,,e,none,4,l,overlap,q1,7,,1,\n");
  const tracking::Tables tables(file);
  const auto first = json::parse(tables.json_of(1));
  BOOST_TEST(first.at("columns") == json({"id", "answer", "answer_reason", "f1", "f1_reason"}));
  BOOST_TEST(first.at("data") == json({{"q1", "two\nlines, \"quoted\"", "", 0.5, ""},
                                       {"q2", "", "refused", nullptr, "no answer"}}));
  BOOST_TEST(json::parse(tables.json_of(2)).at("data") == json::array({{"q1", "7", "", 1.0, ""}}));
  BOOST_CHECK_THROW((void)tables.json_of(3), CorpusError);
}
