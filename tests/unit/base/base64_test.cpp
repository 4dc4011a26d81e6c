#include "base/base64.hpp"

#include "tests/support/test.hpp"

using namespace dream;

BOOST_AUTO_TEST_CASE(the_vectors_of_rfc_4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    BOOST_TEST(to_base64(bytes) == text);
    BOOST_TEST(from_base64(text).value() == bytes);
  }
}

BOOST_AUTO_TEST_CASE(every_byte_comes_back_and_padding_may_be_missing) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  auto text = to_base64(bytes);
  BOOST_TEST((from_base64(text) == bytes));
  while (text.back() == '=') text.pop_back();
  BOOST_TEST((from_base64(text) == bytes));
}

BOOST_AUTO_TEST_CASE(what_is_no_base64_is_nothing) {
  for (const auto* text : {"A", "AAAAA", "?AAA", "A=AA", "AA A", "\xff\xff\xff\xff"})
    BOOST_TEST(!from_base64(text).has_value(), text);
}
