#include <fstream>

#include "base/errors.hpp"
#include "storage/list.hpp"
#include "storage/put.hpp"
#include "storage/read.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using storage::Object;
using storage::Service;
using test::FakeHttp;
using test::FakeReply;
using test::FakeRequest;

namespace {

Service service_at(const FakeHttp& server, std::int64_t in_flight = 4) {
  storage::Settings settings;
  settings.endpoint = server.url("");
  settings.in_flight = in_flight;
  return {storage::resolved(settings), {}};
}

std::string content(std::int64_t bytes) {
  std::string text(static_cast<std::size_t>(bytes), ' ');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
  return text;
}

/// Answers ranged GETs of `text`; the later half of a range's begins come sooner, so replies arrive out of
/// order.
FakeReply serve(const std::string& text, const FakeRequest& request, const std::string& etag) {
  FakeReply reply;
  reply.body = text;
  for (const auto& line : request.headers) {
    const auto at = line.find("bytes=");
    if (at == std::string::npos) continue;
    const auto dash = line.find('-', at);
    const auto begin = std::stoull(line.substr(at + 6)), end = std::stoull(line.substr(dash + 1));
    reply.body = text.substr(begin, end - begin + 1);
    reply.status = 206;
    if (begin == 0) reply.delay = std::chrono::milliseconds(30);
  }
  reply.headers = {"ETag: \"" + etag + "\""};
  return reply;
}

struct Got {
  std::vector<std::string> bytes;
  std::vector<std::string> problems;
  std::vector<std::size_t> order;
};

Got read(Service& service, const std::vector<Object>& objects) {
  Got got{std::vector<std::string>(objects.size()), std::vector<std::string>(objects.size()), {}};
  storage::read_objects(service, objects,
                        {[&](std::size_t object, std::string_view block) { got.bytes[object] += block; },
                         [&](std::size_t object, const std::string& problem) {
                           got.problems[object] = problem;
                           got.order.push_back(object);
                         }},
                        no_pulse());
  return got;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_listing_goes_on_page_after_page) {
  FakeHttp server([](const FakeRequest& request, int before) {
    FakeReply reply;
    const bool last = before == 2;
    BOOST_TEST((request.path.find("continuation-token=t%2F") != std::string::npos) == (before > 0));
    reply.body = "<ListBucketResult><IsTruncated>" + std::string(last ? "false" : "true") +
                 "</IsTruncated><NextContinuationToken>t/" + std::to_string(before) +
                 "</NextContinuationToken><Contents><Key>p/" + std::to_string(before) +
                 "</Key><Size>1</Size></Contents></ListBucketResult>";
    return reply;
  });
  auto service = service_at(server);
  const auto objects = storage::list_prefix(service, {"b", "p/"}, no_pulse());
  BOOST_REQUIRE(objects.size() == 3U);
  BOOST_TEST(objects[2].key == "p/2");
  BOOST_TEST(objects[2].bucket == "b");
  BOOST_TEST(server.log().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_prefix_is_a_folder_or_one_object_and_no_sibling) {
  FakeHttp server([](const FakeRequest& request, int) {
    FakeReply reply;
    std::string keys;
    for (const std::string key : {"p/1", "p/2", "p2/1", "q", "q2"}) {
      const auto prefix = request.path.substr(request.path.find("prefix=") + 7);
      const auto wanted = prefix.ends_with("%2F") ? prefix.substr(0, prefix.size() - 3) + "/" : prefix;
      if (key.starts_with(wanted)) keys += "<Contents><Key>" + key + "</Key><Size>1</Size></Contents>";
    }
    reply.body = "<ListBucketResult><IsTruncated>false</IsTruncated>" + keys + "</ListBucketResult>";
    return reply;
  });
  auto service = service_at(server);
  BOOST_TEST(storage::list_below(service, {"b", "p"}, no_pulse()).size() == 2U);
  BOOST_TEST(storage::list_below(service, {"b", "p/"}, no_pulse()).size() == 2U);
  const auto one = storage::list_below(service, {"b", "q"}, no_pulse());
  BOOST_REQUIRE(one.size() == 1U);
  BOOST_TEST(one[0].key == "q");
  BOOST_TEST(storage::list_below(service, {"b", ""}, no_pulse()).size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_page_that_is_no_listing_is_an_error) {
  FakeHttp server([](const FakeRequest&, int) {
    FakeReply reply;
    reply.body = "<html>hello</html>";
    return reply;
  });
  auto service = service_at(server);
  BOOST_CHECK_THROW((void)storage::list_prefix(service, {"b", ""}, no_pulse()), EndpointError);
}

BOOST_AUTO_TEST_CASE(objects_come_whole_and_in_order_from_parallel_ranges) {
  const auto long_text = content(2 * storage::range_bytes + 5);
  const auto exact = content(storage::range_bytes);
  FakeHttp server([&](const FakeRequest& request, int) {
    if (request.path == "/b/long") return serve(long_text, request, "l");
    if (request.path == "/b/exact") return serve(exact, request, "x");
    return serve(request.path == "/b/empty" ? "" : "short", request, "s");
  });
  auto service = service_at(server);
  const auto got = read(service, {{"b", "long", std::ssize(long_text), "l", ""},
                                  {"b", "empty", 0, "s", ""},
                                  {"b", "exact", std::ssize(exact), "x", ""},
                                  {"b", "short", 5, "s", ""}});
  BOOST_TEST((got.bytes[0] == long_text));
  BOOST_TEST(got.bytes[1] == "");
  BOOST_TEST((got.bytes[2] == exact));
  BOOST_TEST(got.bytes[3] == "short");
  BOOST_TEST((got.order == std::vector<std::size_t>{0, 1, 2, 3}));
  for (const auto& problem : got.problems) BOOST_TEST(problem == "");
  BOOST_TEST(server.log().size() == 6U);  // three ranges, and one request for each of the others
}

BOOST_AUTO_TEST_CASE(objects_that_changed_or_went_are_problems_of_their_own) {
  const auto text = content(2 * storage::range_bytes);
  FakeHttp server([&](const FakeRequest& request, int) {
    if (request.path == "/b/gone" || request.path == "/b/private") {
      FakeReply reply;
      reply.status = request.path == "/b/gone" ? 404 : 403;
      reply.body = std::string("<Error><Code>") + (reply.status == 404 ? "NoSuchKey" : "AccessDenied") +
                   "</Code></Error>";
      return reply;
    }
    return serve(request.path == "/b/long" ? text : "12345", request, "new");
  });
  auto service = service_at(server);
  const auto got = read(service, {{"b", "gone", 5, "old", ""},
                                  {"b", "changed", 5, "old", ""},
                                  {"b", "fine", 5, "new", ""},
                                  {"b", "longer", 4, "new", ""},
                                  {"b", "long", std::ssize(text), "old", ""},
                                  {"b", "private", 5, "", ""}});
  BOOST_TEST(got.problems[0].find("gone") != std::string::npos);
  BOOST_TEST(got.problems[1].find("changed since it was listed") != std::string::npos);
  BOOST_TEST(got.problems[2] == "");
  BOOST_TEST(got.bytes[2] == "12345");
  BOOST_TEST(got.problems[3].find("changed") != std::string::npos);
  BOOST_TEST(got.problems[4].find("changed") != std::string::npos);
  BOOST_TEST(got.bytes[4] == "");
  BOOST_TEST(got.problems[5].find("may not be read") != std::string::npos);
  BOOST_TEST(got.order.size() == 6U);
}

BOOST_AUTO_TEST_CASE(a_long_file_goes_in_parts_and_is_aborted_when_one_is_refused) {
  const auto path = test::folder() / "long";
  std::ofstream(path, std::ios::binary) << content(storage::part_bytes + 7);
  bool refuse = false;
  FakeHttp server([&](const FakeRequest& request, int) {
    FakeReply reply;
    reply.headers = {"ETag: \"part\""};
    if (request.path == "/b/k?uploads=")
      reply.body = "<InitiateMultipartUploadResult><UploadId>u/1</UploadId></InitiateMultipartUploadResult>";
    if (request.path == "/b/k?uploadId=u%2F1" && request.method == "POST")
      reply.body = "<CompleteMultipartUploadResult><ETag>\"whole-2\"</ETag></CompleteMultipartUploadResult>";
    if (refuse && request.path.starts_with("/b/k?partNumber=2")) {
      reply.status = 403;
      reply.body = "<Error><Code>QuotaExceeded</Code><Message>full</Message></Error>";
    }
    return reply;
  });
  auto service = service_at(server);
  const std::vector<storage::Upload> uploads{{path, storage::part_bytes + 7, {"b", "k"}}};
  std::string etag;
  storage::put_files(
      service, uploads, [&](std::size_t, const std::string& got) { etag = got; }, no_pulse());
  BOOST_TEST(etag == "whole-2");
  auto log = server.log();
  BOOST_REQUIRE(log.size() == 4U);
  BOOST_TEST(log[3].body.find("<PartNumber>2</PartNumber>") != std::string::npos);
  std::int64_t sent = 0;
  for (const auto& request : log) sent += request.method == "PUT" ? std::ssize(request.body) : 0;
  BOOST_TEST(sent == storage::part_bytes + 7);

  refuse = true;
  BOOST_CHECK_THROW(storage::put_files(
                        service, uploads, [](std::size_t, const std::string&) {}, no_pulse()),
                    EndpointError);
  log = server.log();
  BOOST_TEST(log.back().method == "DELETE");
  BOOST_TEST(log.back().path == "/b/k?uploadId=u%2F1");
}

BOOST_AUTO_TEST_CASE(an_upload_whose_last_reply_was_lost_is_found) {
  const auto path = test::folder() / "lost";
  std::ofstream(path, std::ios::binary) << content(storage::part_bytes + 1);
  std::int64_t listed = storage::part_bytes + 1;
  FakeHttp server([&](const FakeRequest& request, int) {
    FakeReply reply;
    if (request.path == "/b/k?uploads=")
      reply.body = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>";
    if (request.path == "/b/k?uploadId=u" && request.method == "POST") {
      reply.status = 404;
      reply.body = "<Error><Code>NoSuchUpload</Code></Error>";
    }
    if (request.method == "GET") {
      reply.body =
          "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key><ETag>\"x-2\"</ETag><Size>" +
          std::to_string(listed) + "</Size></Contents></ListBucketResult>";
    }
    return reply;
  });
  auto service = service_at(server);
  const std::vector<storage::Upload> uploads{{path, storage::part_bytes + 1, {"b", "k"}}};
  std::string etag;
  const auto keep = [&](std::size_t, const std::string& got) { etag = got; };
  storage::put_files(service, uploads, keep, no_pulse());
  BOOST_TEST(etag == "x-2");
  --listed;  // somebody else's
  BOOST_CHECK_THROW(storage::put_files(service, uploads, keep, no_pulse()), EndpointError);
}

BOOST_AUTO_TEST_CASE(an_upload_that_fails_at_its_end_with_status_200_is_no_success) {
  const auto path = test::folder() / "long";
  std::ofstream(path, std::ios::binary) << content(storage::part_bytes + 1);
  int ends = 0;
  FakeHttp server([&](const FakeRequest& request, int) {
    FakeReply reply;
    if (request.path == "/b/k?uploads=")
      reply.body = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>";
    if (request.path == "/b/k?uploadId=u" && request.method == "POST") {
      reply.body = ++ends == 1
                       ? "<Error><Code>InternalError</Code></Error>"
                       : "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>";
    }
    return reply;
  });
  auto service = service_at(server);
  const std::vector<storage::Upload> uploads{{path, storage::part_bytes + 1, {"b", "k"}}};
  std::string etag;
  storage::put_files(
      service, uploads, [&](std::size_t, const std::string& got) { etag = got; }, no_pulse());
  BOOST_TEST(etag == "e");
  BOOST_TEST(ends == 2);
}
