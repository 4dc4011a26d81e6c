#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/near_names.hpp"
#include "tests/support/test.hpp"

using namespace dream;

BOOST_AUTO_TEST_CASE(digest_is_the_head_of_sha256) {
  // FIPS 180-2, appendix B.1.
  BOOST_TEST(digest_of("abc").hex() == "ba7816bf8f01cfea414140de5dae2223");
  BOOST_TEST((parse_digest(digest_of("abc").hex()) == digest_of("abc")));
  BOOST_TEST(digest_of("abc").prefix() == 0xba7816bf8f01cfeaULL);
}

BOOST_AUTO_TEST_CASE(hasher_keeps_fields_apart) {
  const auto a = Hasher("t").add("ab").add("c").finish();
  const auto b = Hasher("t").add("a").add("bc").finish();
  const auto c = Hasher("u").add("ab").add("c").finish();
  BOOST_TEST((a != b));
  BOOST_TEST((a != c));
  BOOST_TEST((a == Hasher("t").add("ab").add("c").finish()));
}

BOOST_AUTO_TEST_CASE(packer_and_unpacker_are_inverse) {
  const auto bytes = Packer()
                         .put(std::int64_t{7})
                         .put("text")
                         .put(std::vector<std::string>{"a", ""})
                         .put(std::vector<double>{0.5})
                         .take();
  Unpacker reader(bytes);
  BOOST_TEST(reader.get<std::int64_t>() == 7);
  BOOST_TEST(reader.get<std::string>() == "text");
  BOOST_TEST((reader.get<std::vector<std::string>>() == std::vector<std::string>{"a", ""}));
  BOOST_TEST(reader.get<std::vector<double>>().at(0) == 0.5);
  BOOST_TEST(reader.done());
  BOOST_CHECK_THROW((void)reader.get<char>(), InternalError);
}

BOOST_AUTO_TEST_CASE(suggest_offers_the_near_name_or_the_list) {
  const std::vector<std::string> known{"overlap", "sentence_window", "hierarchical"};
  BOOST_TEST(suggest("overlapp", known) == "; did you mean \"overlap\"?");
  BOOST_TEST(suggest("zzzzzz", known) == "; known: overlap, sentence_window, hierarchical");
  BOOST_TEST(suggest("x", std::span<const std::string>{}) == "");
}

BOOST_AUTO_TEST_CASE(a_file_in_blocks_is_the_file) {
  const auto path = test::folder() / "long";
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes += std::to_string(i);
  write_file(path, bytes);
  std::string joined;
  int blocks = 0;
  Hasher by_block("t");
  read_blocks(path, [&](std::string_view block) {
    joined += block;
    by_block.add_raw(block);
    ++blocks;
  });
  BOOST_TEST((joined == bytes));
  BOOST_TEST(blocks > 1);
  BOOST_TEST((by_block.finish() == Hasher("t").add_raw(bytes).finish()));
  BOOST_CHECK_THROW(read_blocks(test::folder() / "absent", [](std::string_view) {}), CorpusError);
}

BOOST_AUTO_TEST_CASE(files_are_written_whole) {
  const auto path = test::folder() / "f";
  write_file(path, "one");
  write_file(path, "two");
  BOOST_TEST(read_file(path) == "two");
  BOOST_CHECK_THROW((void)read_file(test::folder() / "absent"), CorpusError);
  BOOST_CHECK_THROW(write_file(test::folder() / "no" / "folder", "x"), StateError);
}
