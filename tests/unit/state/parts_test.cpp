#include "state/parts.hpp"

#include <fstream>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

namespace fs = std::filesystem;
namespace test = dream::test;
using dream::Digest;
using dream::digest_of;
using dream::StateError;
using dream::state::PartStore;

namespace {

PartStore fresh(const std::string& name, const std::string& incarnation = "first") {
  PartStore parts(test::folder() / name, incarnation, 0);
  parts.prepare();
  return parts;
}

void fill(dream::state::H5Writer& out) { out.write("numbers", std::vector<std::int64_t>{1, 2, 3}); }

std::vector<fs::path> left_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_sealed_part_is_listed_and_reads_back) {
  const auto parts = fresh("sealed");
  const auto a = digest_of("a"), b = digest_of("b");
  parts.write(a, fill);
  parts.write(b, fill);
  parts.write_beside(a, "faiss", "index bytes");
  auto expected = std::vector<Digest>{a, b};
  std::ranges::sort(expected);
  BOOST_TEST((parts.list() == expected));
  BOOST_TEST(dream::read_file(parts.path(a, "faiss")) == "index bytes");
  BOOST_TEST(left_in(test::folder() / "sealed" / "tmp").empty());
  (void)parts.open(a);
  BOOST_CHECK_THROW((void)parts.open(digest_of("c")), StateError);
}

// Invariant 2: a part is there or not, never half.
BOOST_AUTO_TEST_CASE(a_part_whose_writer_failed_is_not_there) {
  const auto parts = fresh("failed");
  const auto key = digest_of("a");
  BOOST_CHECK_THROW(parts.write(key,
                                [](dream::state::H5Writer& out) {
                                  fill(out);
                                  throw dream::InternalError("died while writing");
                                }),
                    dream::InternalError);
  BOOST_TEST(parts.list().empty());
  BOOST_CHECK_THROW((void)parts.open(key), StateError);
  // What a killed writer leaves in tmp/ counts for nothing either.
  std::ofstream(test::folder() / "failed" / "tmp" / ("dead-0-" + key.hex())) << "half";
  BOOST_TEST(fresh("failed", "second").list().empty());
}

BOOST_AUTO_TEST_CASE(a_part_that_was_touched_is_refused) {
  const auto parts = fresh("touched");
  const auto key = digest_of("a");
  parts.write(key, fill);
  {
    std::fstream file(parts.path(key), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-3, std::ios::end);
    file.put('\x55');
  }
  BOOST_CHECK_EXCEPTION((void)parts.open(key), StateError,
                        [&](const StateError& e) { return e.path.find(key.hex()) != std::string::npos; });
  fs::resize_file(parts.path(key), fs::file_size(parts.path(key)) / 2);
  BOOST_CHECK_THROW((void)parts.open(key), StateError);
}

BOOST_AUTO_TEST_CASE(a_provisional_part_ends_with_its_incarnation) {
  const auto first = fresh("provisional");
  const auto key = digest_of("a");
  first.write_provisional(key, fill);
  (void)first.open(key);
  BOOST_TEST(first.list().empty());
  const auto second = fresh("provisional", "second");
  BOOST_TEST(second.list().empty());
  BOOST_CHECK_THROW((void)second.open(key), StateError);
}

BOOST_AUTO_TEST_CASE(a_folder_of_another_format_is_refused) {
  (void)fresh("format");
  std::ofstream(test::folder() / "format" / "FORMAT") << "dream_sweep state, format 99\n";
  BOOST_CHECK_EXCEPTION((void)fresh("format"), StateError, [](const StateError& e) {
    return std::string(e.what()).find("format 99") != std::string::npos;
  });
}
