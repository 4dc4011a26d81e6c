#include "storage/sign.hpp"

#include "base/errors.hpp"
#include "storage/checksum.hpp"
#include "storage/url.hpp"
#include "tests/support/test.hpp"

using namespace dream::storage;

namespace {

std::chrono::system_clock::time_point at(std::int64_t seconds) {
  return std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
}

const SignedScope may_2013{"us-east-1", "s3", at(1369353600)};
const Credentials example{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", {}, {}, {}};

/// A request of the examples in Amazon's reference of S3.
SignedParts example_request(std::string method, std::string path, std::string query, std::string body = "") {
  SignedParts parts{std::move(method), std::move(path), std::move(query), {}, hex(sha256(body))};
  parts.headers = {{"host", "examplebucket.s3.amazonaws.com"},
                   {"x-amz-content-sha256", parts.payload_hash},
                   {"x-amz-date", "20130524T000000Z"}};
  return parts;
}

std::string signature(const SignedParts& parts) {
  const auto text = authorization(parts, may_2013, example);
  return text.substr(text.find("Signature=") + 10);
}

}  // namespace

BOOST_AUTO_TEST_CASE(signatures_are_those_that_amazon_publishes) {
  auto get = example_request("GET", "/test.txt", "");
  get.headers["range"] = "bytes=0-9";
  BOOST_TEST(signature(get) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  BOOST_TEST(
      authorization(get, may_2013, example)
          .starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                       "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature="));

  auto put =
      example_request("PUT", "/" + percent_encode("test$file.text", true), "", "Welcome to Amazon S3.");
  put.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  put.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  BOOST_TEST(signature(put) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");

  BOOST_TEST(signature(example_request("GET", "/", canonical_query({{"lifecycle", ""}}))) ==
             "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  BOOST_TEST(signature(example_request("GET", "/", canonical_query({{"max-keys", "2"}, {"prefix", "J"}}))) ==
             "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

BOOST_AUTO_TEST_CASE(the_plainest_request_of_the_test_suite_is_signed_alike) {
  const SignedParts parts{"GET",
                          "/",
                          "",
                          {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}},
                          hex(sha256(""))};
  const Credentials keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {}, {}, {}};
  BOOST_TEST(amz_date(at(1440938160)) == "20150830T123600Z");
  BOOST_TEST(authorization(parts, {"us-east-1", "service", at(1440938160)}, keys)
                 .ends_with("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
}

BOOST_AUTO_TEST_CASE(queries_are_encoded_and_sorted_as_they_are_sent) {
  BOOST_TEST(canonical_query({{"uploads", ""}}) == "uploads=");
  BOOST_TEST(canonical_query({{"prefix", "a b/\xC3\xBC+%"}, {"list-type", "2"}, {"Z", "1"}}) ==
             "Z=1&list-type=2&prefix=a%20b%2F%C3%BC%2B%25");
  BOOST_TEST(canonical_query({{"a1", "2"}, {"a:", "1"}}) == "a%3A=1&a1=2");  // by encoded names
  BOOST_TEST(canonical_query({{"a-b", "2"}, {"a", "1"}}) == "a=1&a-b=2");    // by names, not by lines
}

BOOST_AUTO_TEST_CASE(headers_are_folded_before_they_are_signed) {
  auto parts = example_request("GET", "/", "");
  parts.headers["x-amz-meta-a"] = "  two   blanks ";
  BOOST_TEST(canonical_request(parts).find("x-amz-meta-a:two blanks\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(percent_encoding_is_that_of_signatures_and_back) {
  BOOST_TEST(percent_encode("a/b c~_-.+\xE2\x82\xAC", true) == "a/b%20c~_-.%2B%E2%82%AC");
  BOOST_TEST(percent_encode("a/b") == "a%2Fb");
  BOOST_TEST(percent_decode("a%2Fb%20+%C3%BC%") == "a/b +\xC3\xBC%");
  BOOST_TEST(percent_decode("a+b%2B", true) == "a b+");
}

BOOST_AUTO_TEST_CASE(urls_name_a_bucket_and_plain_keys) {
  BOOST_TEST((parse_url("s3://b-1.x_y/a b/%41") == Url{"b-1.x_y", "a b/%41"}));
  BOOST_TEST((parse_url("s3://b") == Url{"b", ""}));
  BOOST_TEST(parse_url("s3://b/p").below("n.pdf").text() == "s3://b/p/n.pdf");
  BOOST_TEST(parse_url("s3://b/p/").below("n.pdf").text() == "s3://b/p/n.pdf");
  BOOST_TEST(parse_url("s3://b").below("n.pdf").text() == "s3://b/n.pdf");
  for (const auto* bad : {"s3://", "s3:///key", "s3://a@b/c", "s3://a:80/c", "b/c"})
    BOOST_CHECK_THROW((void)parse_url(bad), dream::ConfigError);
}
