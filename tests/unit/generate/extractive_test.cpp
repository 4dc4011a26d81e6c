#include "stages/generate/extractive.hpp"

#include "golden/golden.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using Texts = std::vector<std::string>;

namespace {

generate::Extractive reader(std::int64_t sentences) {
  return generate::Extractive({{"sentences", sentences}});
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_best_sentences_come_verbatim_in_context_order) {
  const Texts contexts{"Cats sleep. The panther, it is said, hunts at night.",
                       "A panther ran.  Panthers hunt deer at  dawn!"};
  BOOST_TEST(reader(1).answer("What do panthers hunt?", contexts).text == "Panthers hunt deer at  dawn!");
  const auto two = reader(2).answer("What do panthers hunt?", contexts);
  BOOST_TEST(two.text == "The panther, it is said, hunts at night. Panthers hunt deer at  dawn!");
  BOOST_TEST(two.reason == "");
  BOOST_TEST(two.input_tokens == 0);
  // No more than shares a word with the question.
  BOOST_TEST(reader(9).answer("Do cats purr?", contexts).text == "Cats sleep.");
}

BOOST_AUTO_TEST_CASE(ties_go_to_the_earlier_and_copies_count_once) {
  const Texts contexts{"Red fox one. Red fox two.", "Red fox ONE! Red fox three."};
  BOOST_TEST(reader(1).answer("fox?", contexts).text == "Red fox one.");
  BOOST_TEST(reader(3).answer("fox?", contexts).text == "Red fox one. Red fox two. Red fox three.");
}

BOOST_AUTO_TEST_CASE(questions_for_numbers_and_names_prefer_them) {
  const Texts contexts{
      "The bridge opened with a feast. The bridge opened in old May 1932. A bridge opened by our Anna too."};
  BOOST_TEST(reader(1).answer("When was the bridge opened?", contexts).text ==
             "The bridge opened in old May 1932.");
  const Texts people{"The bridge was opened by him then. The bridge was opened by Anna then."};
  BOOST_TEST(reader(1).answer("Who opened the bridge?", people).text ==
             "The bridge was opened by Anna then.");
}

BOOST_AUTO_TEST_CASE(no_answer_has_a_reason) {
  BOOST_TEST(reader(2).answer("Q?", Texts{}).reason == "no_context");
  BOOST_TEST(reader(2).answer("Q?", Texts{" \n", "--"}).reason == "no_context");
  const auto none = reader(2).answer("Zebras?", Texts{"Cats sleep."});
  BOOST_TEST(none.reason == "no_evidence");
  BOOST_TEST(none.text == "");
  // A question of stop words alone still finds what shares them.
  BOOST_TEST(reader(1).answer("Who is it?", Texts{"Cats sleep. It is I."}).text == "It is I.");
  BOOST_CHECK_THROW(reader(0), InternalError);
}

BOOST_AUTO_TEST_CASE(scripts_without_spaces_work) {
  BOOST_TEST(reader(1).answer("東京タワーの高さは?", Texts{"大阪は古い。東京タワーは高い。"}).text ==
             "東京タワーは高い。");
}

BOOST_AUTO_TEST_CASE(squad_spans_are_in_the_answer, *boost::unit_test::label("realdata")) {
  const std::map<std::string, double> least{{"squad", 0.90}, {"squad_i18n", 0.87}};
  for (const auto& [set, share] : least) {
    const auto questions = golden::load(test::realdata() / set / "questions.csv");
    for (const int sentences : {1, 2, 3}) {
      std::int64_t found = 0;
      for (const auto& q : questions) {
        found += reader(sentences).answer(q.question, q.contexts).text.find(q.reference) != std::string::npos;
      }
      const double measured = static_cast<double>(found) / static_cast<double>(questions.size());
      BOOST_TEST_MESSAGE(set << ": " << sentences << " sentences hold " << measured << " of the spans");
      if (sentences == 2) BOOST_TEST(measured >= share);
    }
  }
}
