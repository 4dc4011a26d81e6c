#include "testset/passages.hpp"

#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::testset;

namespace {

std::string sentences(int count, const std::string& sentence) {
  std::string text;
  for (int i = 0; i < count; ++i) text += sentence + " ";
  return text;
}

std::string cut(const std::string& text, const Span& span) {
  return text.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.size()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(passages_are_whole_sentences_in_order) {
  const std::string sentence = "The Kestrel bridge carries carts and walkers over the river Ner.";
  const auto text = sentences(20, sentence);
  const auto passages = passages_of(text, 300);
  BOOST_TEST(passages.size() == 5U);  // four sentences of 64 bytes each
  std::int64_t end = 0;
  for (const auto& span : passages) {
    BOOST_TEST(span.begin >= end);
    BOOST_TEST(span.size() <= 300);
    BOOST_TEST(cut(text, span).starts_with("The Kestrel"));
    BOOST_TEST(cut(text, span).ends_with("Ner."));
    end = span.end;
  }
}

BOOST_AUTO_TEST_CASE(tables_and_scraps_are_no_passages) {
  BOOST_TEST(passages_of("Page 4.", 300).empty());
  BOOST_TEST(passages_of("", 300).empty());
  const auto table = sentences(30, "12,345 $ (678) 9.1%");
  BOOST_TEST(passages_of(table, 300).empty());
  const auto prose = sentences(5, "The council of Aldow met once a week in those years.");
  BOOST_TEST(passages_of(table + "\n\n" + prose, 300).size() >= 1U);
}

BOOST_AUTO_TEST_CASE(a_sentence_without_an_end_is_cut_between_words_and_characters) {
  std::string words;
  for (int i = 0; i < 200; ++i) words += "walker ";
  const auto passages = passages_of(words, 200);
  BOOST_TEST(passages.size() >= 6U);
  for (const auto& span : passages) {
    BOOST_TEST(span.size() <= 200);
    BOOST_TEST(cut(words, span).starts_with("walker"));
    BOOST_TEST(cut(words, span).ends_with("walker"));
  }
  std::string unbroken;
  for (int i = 0; i < 300; ++i) unbroken += "\xE6\xB2\xB3";  // a character of three bytes
  for (const auto& span : passages_of(unbroken, 200)) {
    BOOST_TEST(span.size() <= 200);
    BOOST_TEST(span.size() % 3 == 0);
  }
}

BOOST_AUTO_TEST_CASE(an_opening_is_one_line) {
  BOOST_TEST(opening_of("A  history\n\nof the Ner. And more.", 21) == "A history of the");
  BOOST_TEST(opening_of("short", 100) == "short");
  BOOST_TEST(opening_of("", 100) == "");
}

BOOST_AUTO_TEST_CASE(similarity_is_the_share_of_common_words) {
  lexical::Stemmer stemmer;
  const auto a = content_words(stemmer, "The bridge carries carts.");
  const auto b = content_words(stemmer, "Bridges carry walkers!");
  BOOST_TEST(similarity(a, b) == 0.5);
  BOOST_TEST(similarity(a, a) == 1.0);
  BOOST_TEST(similarity(a, {}) == 0.0);
  BOOST_TEST(similarity({}, {}) == 0.0);
}
