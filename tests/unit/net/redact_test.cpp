#include "net/redact.hpp"
#include "tests/support/test.hpp"

using dream::net::Redactor;

BOOST_AUTO_TEST_CASE(redactor_takes_out_every_secret_everywhere) {
  Redactor redact;
  BOOST_TEST(redact("nothing registered: sk-1") == "nothing registered: sk-1");
  redact.add("sk-1");
  redact.add("");
  BOOST_TEST(redact("sk-1 and sk-1sk-1, sk-") == "*** and ******, sk-");
  BOOST_TEST(redact("") == "");
}

BOOST_AUTO_TEST_CASE(redactor_prefers_the_longest_secret) {
  Redactor redact;
  redact.add("key");
  redact.add("key-and-more");
  BOOST_TEST(redact("a key-and-more b key") == "a *** b ***");
}

BOOST_AUTO_TEST_CASE(redactor_knows_the_forms_of_a_secret_in_urls_and_json) {
  Redactor redact;
  redact.add("a\"b/c d");
  BOOST_TEST(redact("?key=a%22b%2Fc%20d&x") == "?key=***&x");
  BOOST_TEST(redact(R"({"key":"a\"b/c d"})") == R"({"key":"***"})");
}
