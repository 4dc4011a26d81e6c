#include "lexical/letters.hpp"
#include "lexical/sentences.hpp"
#include "lexical/words.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using Texts = std::vector<std::string>;

namespace {

Texts sentences(std::string_view text) {
  Texts out;
  for (const auto sentence : lexical::sentences(text)) out.emplace_back(sentence);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(letters_forget_all_but_letters_and_digits) {
  BOOST_TEST((lexical::letters_only("A b-\nC, \"9\"!") == U"abc9"));
  BOOST_TEST((lexical::letters_only("\xEF\xAC\x81ne STRASSE") == lexical::letters_only("fine stra\xC3\x9F"
                                                                                       "e")));
  // é as one character and as e with a combining accent
  BOOST_TEST((lexical::letters_only("caf\xC3\xA9") == lexical::letters_only("cafe\xCC\x81")));
  BOOST_TEST((lexical::letters_only("\xFF"
                                    "a\x80") == U"a"));
}

BOOST_AUTO_TEST_CASE(letters_know_their_bytes) {
  const auto letters = lexical::letters_of("- \xEF\xAC\x81x");
  BOOST_TEST((letters.text == U"fix"));
  BOOST_TEST((letters.begin == std::vector<std::int64_t>{2, 2, 5}));
  BOOST_TEST((letters.end == std::vector<std::int64_t>{5, 5, 6}));
}

BOOST_AUTO_TEST_CASE(words_fold_case_numbers_and_apostrophes) {
  BOOST_TEST((lexical::words("Apple's $82,959 isn't 6.5%, e.g. U.S.A") ==
              Texts{"apple", "82959", "isnt", "6.5", "e", "g", "u", "s", "a"}));
  BOOST_TEST((lexical::words("\xC3\x89t\xC3\xA9 \xC3\x89T\xC3\x89") ==
              Texts{"\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9"}));
  BOOST_TEST(lexical::words(" -- ").empty());
}

BOOST_AUTO_TEST_CASE(words_of_scripts_without_spaces_are_pairs) {
  BOOST_TEST((lexical::words("日本語 x 中") == Texts{"日本", "本語", "x", "中"}));
}

BOOST_AUTO_TEST_CASE(stems_join_forms_of_a_word) {
  lexical::Stemmer stemmer;
  BOOST_TEST((stemmer.stems("Retrieving retrieved retrieval Überläufe") ==
              Texts{"retriev", "retriev", "retriev", "überläufe"}));
  BOOST_TEST(lexical::is_stop_word("the"));
  BOOST_TEST(!lexical::is_stop_word("panthers"));
}

BOOST_AUTO_TEST_CASE(sentences_end_where_a_reader_would_say) {
  BOOST_TEST((sentences("One is here. Two (so \"it is.\") Three?  Four! five") ==
              Texts{"One is here.", "Two (so \"it is.\")", "Three?", "Four! five"}));
  BOOST_TEST((sentences("Dr. J. Smith paid $3.5 at No. 7. No. He did not.") ==
              Texts{"Dr. J. Smith paid $3.5 at No. 7.", "No.", "He did not."}));
  BOOST_TEST((sentences("\n# Title\n\nA line\nthat goes on.\n- item one\n- item two\n") ==
              Texts{"# Title", "A line\nthat goes on.", "- item one", "- item two"}));
  BOOST_TEST((sentences("第一句。第二句！最後") == Texts{"第一句。", "第二句！", "最後"}));
  BOOST_TEST(sentences(" \n ").empty());
  BOOST_TEST((sentences("...") == Texts{"..."}));
}

BOOST_AUTO_TEST_CASE(sentences_lose_nothing_but_white_space) {
  const std::string text =
      "He said: \"Stop!\" \x80 Then\xE2\x80\xA6 nothing.\r\n\r\n1. One\n2) Two. . .\f Three";
  std::string all;
  for (const auto& sentence : sentences(text)) all += sentence;
  const auto squeeze = [](std::string s) {
    std::erase_if(s, [](char c) { return c == ' ' || (c >= 9 && c <= 13); });
    return s;
  };
  BOOST_TEST(squeeze(all) == squeeze(text));
}
