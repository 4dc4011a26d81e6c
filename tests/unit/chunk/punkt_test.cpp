#include "stages/chunk/punkt.hpp"

#include "tests/support/test.hpp"

using namespace dream;

namespace {

using Strings = std::vector<std::string>;

Strings cut(const std::string& text) {
  Strings out;
  for (const auto& s : chunk::sentences(text)) {
    out.push_back(text.substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.size())));
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(marks_end_sentences_and_white_space_stays_with_the_one_before) {
  BOOST_TEST((cut("One. Two?  Three!\n\nFour") == Strings{"One. ", "Two?  ", "Three!\n\n", "Four"}));
  BOOST_TEST((cut("  One. Two. \n") == Strings{"  One. ", "Two. \n"}));
}

BOOST_AUTO_TEST_CASE(blank_text_has_no_sentences) {
  BOOST_TEST(cut("").empty());
  BOOST_TEST(cut(" \n\t ").empty());
}

BOOST_AUTO_TEST_CASE(an_untrained_model_knows_no_abbreviations) {
  BOOST_TEST((cut("Dr. Who came.") == Strings{"Dr. ", "Who came."}));
  BOOST_TEST((cut("See e.g. this.") == Strings{"See e.g. ", "this."}));
}

BOOST_AUTO_TEST_CASE(initials_and_ordinals_go_on) {
  BOOST_TEST((cut("J. S. Bach.") == Strings{"J. S. Bach."}));
  BOOST_TEST((cut("On the 3. of May.") == Strings{"On the 3. of May."}));
  BOOST_TEST((cut("It was 3. May came.") == Strings{"It was 3. ", "May came."}));
  BOOST_TEST((cut("Plan B. (It worked.)") == Strings{"Plan B. ", "(It worked.)"}));
}

BOOST_AUTO_TEST_CASE(an_ellipsis_never_ends_a_sentence) {
  BOOST_TEST((cut("Well... Maybe. So") == Strings{"Well... Maybe. ", "So"}));
  // A spaced one is no ellipsis here: each full stop is seen with the next word only.
  BOOST_TEST((cut("Well . . . Maybe") == Strings{"Well . ", ". ", ". ", "Maybe"}));
}

BOOST_AUTO_TEST_CASE(closing_quotes_and_brackets_stay_with_their_sentence) {
  BOOST_TEST((cut("(One.) Two.") == Strings{"(One.) ", "Two."}));
  BOOST_TEST((cut("\"One.\" Two.") == Strings{"\"One.\" ", "Two."}));
  BOOST_TEST((cut("\u201cOne.\u201d Two.") == Strings{"\u201cOne.\u201d ", "Two."}));
  BOOST_TEST((cut("One.\"--Two.") == Strings{"One.\"", "--Two."}));
}

BOOST_AUTO_TEST_CASE(runs_of_marks_are_decided_on_once) {
  BOOST_TEST((cut("Really?! Yes.") == Strings{"Really?! ", "Yes."}));
  BOOST_TEST((cut("No!!! Yes.") == Strings{"No!!! ", "Yes."}));
}

BOOST_AUTO_TEST_CASE(full_stops_of_other_scripts_are_no_marks) {
  BOOST_TEST((cut("\u4e00\u3002\u4e8c\u3002") == Strings{"\u4e00\u3002\u4e8c\u3002"}));
}

BOOST_AUTO_TEST_CASE(a_line_of_separators_alone_is_blank) {
  // Found by comparing with NLTK on generated noise: in "a.\n\x1c b." no word follows the full stop on its
  // line.
  BOOST_TEST((cut("Aa.\n\n\x1c bb. C") == Strings{"Aa.\n\n\x1c bb. ", "C"}));
}

BOOST_AUTO_TEST_CASE(broken_utf8_is_cut_without_harm) {
  const std::string text = "A\xff. B\xe2\x80. C\xe2\x80";
  std::string joined;
  for (const auto& sentence : cut(text)) joined += sentence;
  BOOST_TEST(joined == text);
}

BOOST_AUTO_TEST_CASE(long_runs_are_cut_in_linear_time) {
  // Quadratic code would need minutes for these; the test's time limit is the bound.
  for (const std::string unit : {"!", ".", "a.b", ". ", "? \"", "-", ".\"", "x"}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    BOOST_TEST(!chunk::sentences(text).empty());
  }
}
