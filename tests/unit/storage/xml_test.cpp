#include "storage/xml.hpp"

#include "tests/support/test.hpp"

using namespace dream::storage;

BOOST_AUTO_TEST_CASE(a_listing_gives_keys_sizes_and_the_next_page) {
  const auto page = parse_list(
      R"(<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
         <Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>1+/=&amp;</NextContinuationToken>
         <Contents><Key>a &amp; &lt;b&gt;+%41.pdf</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>
           <ETag>&quot;0123-2&quot;</ETag><Size>5000000000</Size></Contents>
         <Contents><Key>b</Key><Size>0</Size></Contents></ListBucketResult>)");
  BOOST_TEST(page.whole);
  BOOST_TEST(page.next == "1+/=&");
  BOOST_REQUIRE(page.objects.size() == 2U);
  BOOST_TEST((page.objects[0] ==
              Object{"", "a & <b>+%41.pdf", 5'000'000'000, "0123-2", "2026-01-02T03:04:05.000Z"}));
  BOOST_TEST((page.objects[1] == Object{"", "b", 0, "", ""}));
}

BOOST_AUTO_TEST_CASE(keys_are_decoded_only_when_the_service_says_that_it_encoded_them) {
  const auto page = [](const std::string& encoding) {
    return parse_list(
        "<ListBucketResult>" + encoding +
        "<IsTruncated>false</IsTruncated><Contents><Key>a+b%2B%20%C3%BC</Key></Contents></ListBucketResult>");
  };
  BOOST_TEST(page("<EncodingType>url</EncodingType>").objects.at(0).key == "a b+ \xC3\xBC");
  BOOST_TEST(page("").objects.at(0).key == "a+b%2B%20%C3%BC");
}

BOOST_AUTO_TEST_CASE(what_is_no_listing_is_not_taken_for_an_empty_one) {
  BOOST_TEST(!parse_list("").whole);
  BOOST_TEST(!parse_list("<html><body>hello</body></html>").whole);
  BOOST_TEST(!parse_list("<ListBucketResult><Contents><Key>a</Key>").whole);  // cut
  // Truncated without a token: asking again would bring the first page for ever.
  BOOST_TEST(!parse_list("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>").whole);
  BOOST_TEST(parse_list("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>").whole);
}

BOOST_AUTO_TEST_CASE(errors_uploads_and_roles_are_read) {
  const auto error = parse_error(
      "<Error><Code>PermanentRedirect</Code><Message>no</Message><Region>eu-west-1</Region></Error>");
  BOOST_TEST(error.code == "PermanentRedirect");
  BOOST_TEST(error.region == "eu-west-1");
  BOOST_TEST(
      parse_error("<ErrorResponse xmlns=\"x\"><Error><Code>ExpiredToken</Code></Error></ErrorResponse>")
          .code == "ExpiredToken");
  BOOST_TEST(parse_error("not xml").code == "");
  BOOST_TEST(parse_upload_id(
                 "<InitiateMultipartUploadResult><UploadId>u 1</UploadId></InitiateMultipartUploadResult>") ==
             "u 1");
  BOOST_TEST(
      parse_etag("<CompleteMultipartUploadResult><ETag>\"ab-2\"</ETag></CompleteMultipartUploadResult>") ==
      "ab-2");
  BOOST_TEST(parts_xml({"x", "y"}) ==
             "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"x\"</ETag></Part>"
             "<Part><PartNumber>2</PartNumber><ETag>\"y\"</ETag></Part></CompleteMultipartUpload>");
  const auto role = parse_assumed_role(
      "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>A</"
      "AccessKeyId>"
      "<SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken><Expiration>2026-01-02T03:04:05Z</"
      "Expiration>"
      "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>");
  BOOST_REQUIRE(role.has_value());
  BOOST_TEST(role->session_token == "T");
  BOOST_REQUIRE(role->expires.has_value());
  BOOST_TEST(std::chrono::system_clock::to_time_t(*role->expires) == 1767323045);
  BOOST_TEST(!parse_assumed_role("<Error/>").has_value());
}
