#include "tests/support/test.hpp"
#include "text/tokenizer.hpp"

using namespace dream;

namespace {

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  for (const auto& token : text::words_tokenizer()->encode(text)) {
    found.emplace_back(text.substr(static_cast<std::size_t>(token.begin),
                                   static_cast<std::size_t>(token.end - token.begin)));
  }
  return found;
}

using Words = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(words_are_letters_and_numbers_not_punctuation) {
  BOOST_TEST((words("The quick (\"brown\") fox can't jump 32.3 feet, right?") ==
              Words{"The", "quick", "brown", "fox", "can't", "jump", "32.3", "feet", "right"}));
  BOOST_TEST(words("").empty());
  BOOST_TEST(words(" \n-- !?").empty());
}

BOOST_AUTO_TEST_CASE(words_of_scripts_without_spaces_are_found) {
  BOOST_TEST((words("caf\u00e9 na\u0131ve") == Words{"caf\u00e9", "na\u0131ve"}));
  BOOST_TEST((words("สวัสดีครับ").size() == 2u));
  BOOST_TEST((words("我们是中国人").size() >= 3u));
  BOOST_TEST((words("Привет, мир") == Words{"Привет", "мир"}));
}

BOOST_AUTO_TEST_CASE(words_survive_bytes_that_are_no_utf8) {
  BOOST_TEST((words("one \xff\xc3 two") == Words{"one", "two"}));
  BOOST_TEST((words(std::string_view("a\0b", 3)) == Words{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(words_count_as_many_as_they_encode) {
  const auto tokenizer = text::words_tokenizer();
  for (const char* text : {"", "one", "two words", "a b c. d!"}) {
    BOOST_TEST(tokenizer->count(text) == static_cast<std::int64_t>(tokenizer->encode(text).size()));
  }
  BOOST_TEST((tokenizer->identity() == text::words_tokenizer()->identity()));
}
