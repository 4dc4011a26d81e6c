#include "corpus/sources.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::corpus;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names(const std::vector<std::string>& sources) {
  std::vector<std::string> out;
  for (const auto& file : list_sources(sources, no_pulse())) out.push_back(file.name);
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(folders_are_listed_in_depth_and_in_order) {
  const auto root = test::folder() / "docs";
  fs::create_directories(root / "b" / "deep");
  fs::create_directories(root / ".git");
  write_file(root / "c.txt", "12345");
  write_file(root / "b" / "deep" / "a, odd %name.md", "1");
  write_file(root / "b" / "z.docx", "1");
  write_file(root / ".hidden.txt", "1");
  write_file(root / ".git" / "config.txt", "1");
  BOOST_TEST((names({root.string()}) == Names{"b/deep/a, odd %name.md", "b/z.docx", "c.txt"}));
  BOOST_TEST((names({(root / "c.txt").string()}) == Names{"c.txt"}));
  BOOST_TEST((names({root.string(), (root / "c.txt").string(), (root / "b").string()}) ==
              Names{"b/deep/a, odd %name.md", "b/z.docx", "c.txt"}));  // no file twice
  BOOST_TEST(list_sources(Names{root.string()}, no_pulse()).at(2).bytes == 5);
}

BOOST_AUTO_TEST_CASE(links_are_followed_and_loops_end) {
  const auto root = test::folder() / "linked";
  const auto other = test::folder() / "other";
  fs::create_directories(root / "a");
  fs::create_directories(other);
  write_file(root / "a" / "one.txt", "1");
  write_file(other / "two.txt", "1");
  fs::create_directory_symlink(root, root / "a" / "up");
  fs::create_directory_symlink(other, root / "away");
  fs::create_symlink(root / "nowhere", root / "broken.txt");
  fs::create_symlink("/dev/zero", root / "endless.txt");
  BOOST_REQUIRE_EQUAL(::mkfifo((root / "pipe.txt").c_str(), 0600), 0);
  BOOST_TEST((names({root.string()}) == Names{"a/one.txt", "away/two.txt", "broken.txt"}));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_listed_is_an_error) {
  BOOST_CHECK_THROW((void)names({(test::folder() / "absent").string()}), CorpusError);
  BOOST_CHECK_THROW((void)names({"s3://bucket/key"}), CorpusError);
  const auto closed = test::folder() / "closed";
  fs::create_directory(closed);
  fs::permissions(closed, fs::perms::none);
  // The superuser may list everything.
  if (::geteuid() != 0) BOOST_CHECK_THROW((void)names({closed.string()}), CorpusError);
  fs::permissions(closed, fs::perms::owner_all);
}

BOOST_AUTO_TEST_CASE(formats_follow_extension_and_bytes) {
  BOOST_TEST(format_of("a/b.PDF", "%PDF-1.4") == "pdf");
  BOOST_TEST(format_of("b.markdown", "# x") == "md");
  BOOST_TEST(format_of("b.text", "x") == "txt");
  BOOST_TEST(format_of("report.txt", "%PDF-1.7 ...") == "pdf");
  BOOST_TEST(format_of("README", "%PDF-1.7 ...") == "pdf");
  BOOST_TEST(format_of("report.md", "PK\x03\x04") == "zip");
  BOOST_TEST(format_of("x.docx", "PK\x03\x04") == "docx");
  BOOST_TEST(format_of("folder.txt/README", "text") == "none");
  BOOST_TEST(format_of("a.", "") == "none");
}
