#include "corpus/frame.hpp"

#include <random>

#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::corpus;

namespace {

std::string payload_of(const Bytes& framed) {
  BOOST_TEST(frame::payload_size({framed.data(), frame::header_size}) == framed.size() - frame::header_size);
  return {framed.begin() + frame::header_size, framed.end()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(jobs_and_replies_come_back_as_they_were) {
  const auto job = frame::decode_job(payload_of(frame::encode(frame::Job{"pdf", std::string("\0\x01", 2)})));
  BOOST_TEST(job.format == "pdf");
  BOOST_TEST((job.bytes == std::string("\0\x01", 2)));
  const auto good =
      frame::decode_result(payload_of(frame::encode(ReadResult{"", true, "page 2 is broken", {"one", ""}})));
  BOOST_REQUIRE(good.has_value());
  BOOST_TEST((good->pages == std::vector<std::string>{"one", ""}));
  BOOST_TEST(good->detail == "page 2 is broken");
  const auto bad = frame::decode_result(payload_of(frame::encode(failed(reason::timeout, "late"))));
  BOOST_REQUIRE(bad.has_value());
  BOOST_TEST(!bad->final);
}

BOOST_AUTO_TEST_CASE(a_reply_is_not_trusted) {
  const auto is_refused = [](const ReadResult& result) {
    return !frame::decode_result(payload_of(frame::encode(result))).has_value();
  };
  BOOST_TEST(is_refused({"my own reason", true, "", {}}));
  BOOST_TEST(is_refused({"", true, "", {}}));                     // neither text nor reason
  BOOST_TEST(is_refused({"encrypted", true, "", {"text too"}}));  // both
  const auto whole = payload_of(frame::encode(ReadResult{"", true, "x", {"one", "two"}}));
  BOOST_TEST(!frame::decode_result(whole + "x").has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    BOOST_TEST(!frame::decode_result(std::string_view(whole).substr(0, size)).has_value());
  }
  const auto detail =
      frame::decode_result(payload_of(frame::encode(ReadResult{"", true, "a\x1b[31m\xff", {"t"}})));
  BOOST_REQUIRE(detail.has_value());
  BOOST_TEST(detail->detail == "a?[31m?");
}

BOOST_AUTO_TEST_CASE(random_bytes_are_never_more_than_refused) {
  std::mt19937 random(7);
  const auto whole = payload_of(frame::encode(ReadResult{"", true, "x", {"one", "two"}}));
  for (int round = 0; round < 20000; ++round) {
    auto bytes = whole;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto result = frame::decode_result(bytes);
    if (result) BOOST_TEST_REQUIRE(result->pages.size() <= bytes.size());
  }
}
