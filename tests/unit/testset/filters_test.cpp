#include "testset/filters.hpp"

#include "tests/support/test.hpp"
#include "testset/reasons.hpp"

using namespace dream;
using namespace dream::testset;

namespace {

std::string fault(std::string_view question, std::string_view reference, Kind kind = Kind::simple) {
  lexical::Stemmer stemmer;
  return std::string(fault_of(stemmer, kind, question, reference));
}

const std::string good_question = "In which year was the Kestrel bridge over the Ner opened?";
const std::string good_reference = "In 1931, four years after the vote.";

}  // namespace

BOOST_AUTO_TEST_CASE(a_good_candidate_passes_whatever_its_kind) {
  for (int k = 0; k < kind_count; ++k)
    BOOST_TEST(fault(good_question, good_reference, static_cast<Kind>(k)) == "");
  BOOST_TEST(fault("Wie hoch ist der Zoll für einen Karren nach Einbruch der Dunkelheit?", "Vier Pence.") ==
             "");
  BOOST_TEST(fault("How did Ner Rail's margin change in 1931?", "-5% against 1930.") == "");
  BOOST_TEST(fault("How is the document table of the archive sorted?", "By year.") == "");
}

BOOST_AUTO_TEST_CASE(the_form_of_a_candidate) {
  const std::string bad(reason::bad_form);
  BOOST_TEST(fault("", good_reference) == bad);
  BOOST_TEST(fault(good_question, "") == bad);
  BOOST_TEST(fault(std::string(601, 'a'), good_reference) == bad);
  BOOST_TEST(fault(good_question, std::string(2001, 'a')) == bad);
  for (const auto* formula : {"=HYPERLINK(\"x\")", "+1+1", "@sum", "-cmd", "-"}) {
    BOOST_TEST(fault(good_question, formula) == bad, formula);
    BOOST_TEST(fault(formula, good_reference) == bad, formula);
  }
}

BOOST_AUTO_TEST_CASE(a_question_that_points_at_its_page_is_dropped) {
  for (const auto* question :
       {"According to the passage, when did the bridge open?", "What does the text above say of tolls?",
        "When, as mentioned above, did it open?", "Which year is in the table?",
        "What toll does THIS  PASSAGE name?"}) {
    BOOST_TEST(fault(question, good_reference) == std::string(reason::not_self_contained), question);
  }
}

BOOST_AUTO_TEST_CASE(a_question_that_holds_its_answer_is_dropped) {
  const std::string away(reason::gives_answer_away);
  BOOST_TEST(fault("Was the Kestrel bridge opened in 1931 by the council?", "It was opened in 1931.") ==
             away);
  BOOST_TEST(fault("Was the Kestrel bridge opened in 1931 by the council?", "It was opened in 1932.") == "");
  // A choice names the right answer, and so does the reference of what cannot be answered.
  BOOST_TEST(fault("Which is older, the Kestrel bridge or the Aldow tunnel?", "The Kestrel bridge.") == "");
  BOOST_TEST(fault("What did the Kestrel bridge cost?", "The Kestrel bridge's cost.", Kind::unanswerable) ==
             "");
  BOOST_TEST(fault("What did the Kestrel bridge cost?", "The Kestrel bridge's cost.") == away);
}

BOOST_AUTO_TEST_CASE(near_duplicates_are_found_in_order) {
  lexical::Stemmer stemmer;
  Duplicates known(0.85);
  const auto admit = [&](std::string_view question) { return known.admit(stemmer, question); };
  BOOST_TEST(admit("What were the total net sales of Ner Rail in the third quarter of 1931?"));
  BOOST_TEST(!admit("What were the total net sales of Ner Rail in the third quarter of 1931?"));
  BOOST_TEST(!admit("In the third quarter of 1931, what was the total of Ner Rail's net sales?"));
  // Another year is another question, however much of the rest is the same.
  BOOST_TEST(admit("What were the total net sales of Ner Rail in the third quarter of 1932?"));
  BOOST_TEST(admit("Who was the first keeper of the Kestrel bridge?"));
  BOOST_TEST(!admit("who was the first keeper of the kestrel-bridge"));
  // Questions of stop words alone share nothing that counts, unless they are the same letters.
  BOOST_TEST(admit("Who was it?"));
  BOOST_TEST(admit("What is that?"));
  BOOST_TEST(!admit("What is that"));
}

BOOST_AUTO_TEST_CASE(the_limit_of_similarity_is_the_configs) {
  lexical::Stemmer stemmer;
  for (const auto& [most, expected] : {std::pair{0.3, false}, {0.9, true}}) {
    Duplicates known(most);
    BOOST_TEST(known.admit(stemmer, "Which toll does a cart pay on the Kestrel bridge?"));
    BOOST_TEST(known.admit(stemmer, "Which toll does a walker pay on the Kestrel bridge?") == expected);
  }
}

BOOST_AUTO_TEST_CASE(texts_of_models_become_one_line) {
  BOOST_TEST(one_line("  a\n\n b\t\x01"
                      "c  ") == "a b c");
  BOOST_TEST(one_line(" \n ") == "");
  BOOST_TEST(one_line("\xC3\xA9t\xC3\xA9") == "\xC3\xA9t\xC3\xA9");
}

BOOST_AUTO_TEST_CASE(equal_answers_need_no_comparison) {
  BOOST_TEST(same_letters("In 1931.", "in 1931"));
  BOOST_TEST(!same_letters("In 1931.", "In 1932."));
}
