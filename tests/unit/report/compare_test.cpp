#include "report/compare.hpp"

#include <filesystem>

#include "tests/unit/report/pretended.hpp"

using namespace dream;
using test::Pretended;

namespace {

report::Record recorded(Pretended& sweep) {
  sweep.run([](int, std::int64_t) { return "yes"; }, [](int, std::int64_t, int) { return "text"; });
  std::filesystem::create_directories(sweep.config.sweep.output);
  report::write_h5(sweep.material(), "{}", "");
  return report::Record(sweep.config.sweep.output);
}

bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(sweeps_are_compared_on_the_questions_that_both_asked) {
  Pretended one(2, 9, 2, "one"), other(3, 14, 2, "other");
  other.lead = 0.1;
  other.finished.questions[2].question = "something else?";
  other.config.index.shards = 4;
  other.config.sweep.name = "again";
  other.config.judge.embedder = "wide";  // one's is the first of its embedders
  const auto a = recorded(one);
  const auto b = recorded(other);
  const auto found = compare(a, b, "answer_correctness", no_pulse());
  BOOST_TEST(found.common_questions == 8);
  BOOST_TEST(found.changed_questions == 1);
  BOOST_TEST(found.only_a == 0);
  BOOST_TEST(found.only_b == 5);
  BOOST_TEST(found.trials.size() == 4U, "B has two more");
  for (const auto& pair : found.trials) {
    BOOST_TEST(a.trials[pair.a].method == b.trials[pair.b].method);
    BOOST_TEST(pair.difference.mean == 0.1, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(pair.difference.p == 2.0 / 256, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(pair.p == 4 * 2.0 / 256, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(pair.mean_b - pair.mean_a == 0.1, boost::test_tools::tolerance(1e-9));
  }
  BOOST_REQUIRE(found.best.has_value());
  BOOST_TEST(a.trials[found.best->a].number == 4);
  BOOST_TEST(b.trials[found.best->b].number == 6);
  BOOST_TEST(found.settings.size() == 3U);
  BOOST_TEST(found.settings[0].key == "index.shards");
  BOOST_TEST(found.settings[0].b == "4");
  BOOST_TEST(found.settings[1].key == "judge.embedder");

  const auto text = describe(found, a, b);
  for (const auto* words :
       {"B is better", "over 8 common questions", "1 questions have the same id and another text",
        "5 in B alone", "8 documents only", "The judges differ", "| judge.embedder | \"small\" | \"wide\" |",
        "| index.shards | 8 | 4 |"})
    BOOST_TEST(has(text, words), words << " in " << text);
  const auto back = describe(compare(b, a, "answer_correctness", no_pulse()), b, a);
  BOOST_TEST(has(back, "A is better"), back);
}

BOOST_AUTO_TEST_CASE(a_sweep_does_not_differ_from_itself) {
  Pretended one(1, 7, 1, "one");
  const auto a = recorded(one);
  const auto found = compare(a, a, "answer_correctness", no_pulse());
  BOOST_TEST(found.best->difference.mean == 0);
  BOOST_TEST(found.best->difference.p == 1);
  BOOST_TEST(found.settings.empty());
  const auto text = describe(found, a, a);
  BOOST_TEST(has(text, "No difference can be told"));
  BOOST_TEST(has(text, "All settings are equal"));
  BOOST_CHECK_THROW((void)compare(a, a, "mmr", no_pulse()), ConfigError);
}

BOOST_AUTO_TEST_CASE(sweeps_without_a_common_question_say_so) {
  Pretended one(1, 7, 1, "one"), other(1, 7, 1, "other");
  for (auto& question : other.finished.questions) question.id += "b";
  const auto a = recorded(one);
  const auto b = recorded(other);
  const auto found = compare(a, b, "answer_correctness", no_pulse());
  BOOST_TEST(!found.best.has_value());
  BOOST_TEST(has(describe(found, a, b), "nothing to compare"));
}
