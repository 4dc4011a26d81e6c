#include "storage/ingest.hpp"

#include <fstream>

#include "storage/put.hpp"
#include "tests/support/test.hpp"

using namespace dream::storage;

BOOST_AUTO_TEST_CASE(an_object_is_unchanged_when_its_etag_or_the_manifest_says_so) {
  const Object listed{"b", "k", 10, "abc", ""};
  BOOST_TEST(is_unchanged(listed, 10, "abc", {}));
  BOOST_TEST(!is_unchanged(listed, 11, "abc", {}));
  BOOST_TEST(!is_unchanged(listed, 10, "xyz", {}));
  // A service that encrypts gives an ETag of its own; the manifest knows what it stood for.
  std::map<std::string, Ingested> manifest{{"k", {"k", 10, "xyz", "abc", "f"}}};
  BOOST_TEST(is_unchanged(listed, 10, "xyz", manifest));
  BOOST_TEST(!is_unchanged(listed, 10, "other", manifest));
  manifest["k"].etag = "older";  // somebody put another object since
  BOOST_TEST(!is_unchanged(listed, 10, "xyz", manifest));
}

BOOST_AUTO_TEST_CASE(a_manifest_is_sorted_and_read_back) {
  const std::vector<Ingested> objects{{"z\xC3\xBC \"q\"", 2, "s2", "e2", "/f/z"},
                                      {"a", 1, "s1", "e1", "https://x/a"}};
  const auto text = print_manifest(objects);
  BOOST_TEST(text == print_manifest({objects[1], objects[0]}));
  const auto back = parse_manifest(text);
  BOOST_REQUIRE(back.size() == 2U);
  BOOST_TEST((back.at("a") == objects[1]));
  BOOST_TEST((back.begin()->first == "a"));
  BOOST_TEST((back.rbegin()->second == objects[0]));
  BOOST_TEST(parse_manifest("").empty());
  BOOST_TEST(parse_manifest("{\"objects\": [{\"key\": 1}]}").empty());
}

BOOST_AUTO_TEST_CASE(sources_and_names_are_read_from_lines_and_addresses) {
  const std::vector<std::string> wanted{"https://a/b.pdf", "https://c/d.pdf"};
  BOOST_TEST((parse_source_lines("# all\n\n  https://a/b.pdf \r\nhttps://c/d.pdf") == wanted));
  BOOST_TEST(name_of_address("https://x.org/a/report%201.pdf?v=2#p") == "report 1.pdf");
  BOOST_TEST(name_of_address("https://x.org/a/") == "");
  BOOST_TEST(name_of_address("https://x.org") == "");
}

BOOST_AUTO_TEST_CASE(the_sum_of_a_file_is_the_etag_of_its_object) {
  const auto path = dream::test::folder() / "file";
  const auto sum_of = [&](std::int64_t bytes) {
    std::ofstream(path, std::ios::binary) << std::string(static_cast<std::size_t>(bytes), 'a');
    return etag_of_file(path, bytes, dream::no_pulse());
  };
  BOOST_TEST(sum_of(0) == "d41d8cd98f00b204e9800998ecf8427e");
  BOOST_TEST(sum_of(3) == "47bce5c74f589f4867dbd57e9ca9f808");
  BOOST_TEST(sum_of(part_bytes).find('-') == std::string::npos);
  BOOST_TEST(sum_of(part_bytes + 1).ends_with("-2"));
  BOOST_TEST(sum_of(2 * part_bytes).ends_with("-2"));
  BOOST_TEST(part_bytes_of(0) == part_bytes);
  const std::int64_t long_one = std::int64_t{1} << 40;
  BOOST_TEST(part_bytes_of(long_one) % (1 << 20) == 0);
  BOOST_TEST((long_one + part_bytes_of(long_one) - 1) / part_bytes_of(long_one) <= 10'000);
}
