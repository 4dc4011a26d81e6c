#include "sweep/inputs/questions.hpp"

#include <fmt/format.h>

#include <random>

#include "base/file.hpp"
#include "golden/csv.hpp"
#include "golden/golden.hpp"
#include "tests/support/test.hpp"

using namespace dream;
namespace test = dream::test;

namespace {

/// A golden file whose cells hold line ends of all kinds, quotes and separators, behind a byte order mark.
std::string golden_csv(unsigned seed, int rows) {
  std::mt19937 random(seed);
  const auto text = [&random](const char* begin) {
    constexpr std::string_view letters = "\"\n\r,;ab ";
    std::string cell = begin;
    for (auto left = random() % 12; left > 0; --left) cell += letters[random() % letters.size()];
    return cell;
  };
  std::string bytes = "\xEF\xBB\xBF\n\"question\",id,reference,contexts,\"not\nours\"\r\n";
  for (int row = 0; row < rows; ++row) {
    const auto id = random() % 3 == 0 ? "" : fmt::format("id{}", random() % 5);
    const std::vector<std::string> cells{text("Q"), id, text("R\xC3\xA4"), text("passage "), text("")};
    auto record = golden::csv_record(cells);
    record.pop_back();
    constexpr std::array ends{"\n", "\r\n", "\r", "\n\n\r\n"};
    bytes += record + ends[random() % ends.size()];
  }
  return bytes;
}

sweep::Questions load(comm::Communicator& comm, const std::filesystem::path& file, sweep::GoldenBlocks blocks,
                      std::int64_t size = 0) {
  config::Golden golden;
  golden.file = file.string();
  golden.size = size;
  return sweep::load_questions(comm, golden, nullptr, no_pulse(), blocks);
}

std::string error_of(comm::Communicator& comm, const std::filesystem::path& file,
                     sweep::GoldenBlocks blocks) {
  try {
    (void)load(comm, file, blocks);
  } catch (const Error& error) {
    BOOST_TEST(error.on_all_ranks);  // one message, and an orderly end
    return error.what();
  }
  return "";
}

/// A file in a folder of this case, written by rank 0.
std::filesystem::path write(comm::Communicator& comm, const std::string& name, const std::string& bytes) {
  const auto file = test::folder() / name;
  if (comm.rank() == 0) write_file(file, bytes);
  comm.barrier();
  return file;
}

void check_same(const sweep::Questions& got, std::vector<GoldenQuestion> wanted) {
  BOOST_TEST_REQUIRE(got.list.size() == wanted.size());
  const auto passages = golden::passages_of(wanted);
  for (std::size_t q = 0; q < wanted.size(); ++q) {
    BOOST_TEST_REQUIRE((got.digests[q] == golden::digest_of(std::span(&wanted[q], 1))));
    BOOST_TEST_REQUIRE((got.contents[q] == golden::content_of(wanted[q])));
    BOOST_TEST_REQUIRE(got.passages[q].size() == passages[q].size());
    BOOST_TEST_REQUIRE((got.passages[q].front().letters == passages[q].front().letters));
    BOOST_TEST_REQUIRE(got.list[q].line == wanted[q].line);
    BOOST_TEST_REQUIRE(got.list[q].id == wanted[q].id);
    BOOST_TEST_REQUIRE(got.list[q].reference == wanted[q].reference);
    BOOST_TEST_REQUIRE(got.list[q].contexts.empty());
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_csv_in_blocks_has_the_rows_of_one_reader, *test::ranks({1, 2, 3, 4})) {
  auto comm = test::world();
  for (unsigned seed = 0; seed < 6; ++seed) {
    const auto file = write(comm, fmt::format("{}.csv", seed), golden_csv(seed, 20));
    const auto wanted = golden::load(file);
    for (const std::int64_t block : {1, 2, 3, 7, 16, 61, 200, 5000})
      BOOST_TEST_CONTEXT("seed " << seed << ", blocks of " << block)
    check_same(load(comm, file, {.block = block}), wanted);
  }
  BOOST_TEST(load(comm, test::folder() / "0.csv", {.block = 50}, 7).list.size() == 7U);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_in_blocks_is_wrong_for_one_reader, *test::ranks({1, 2, 3, 4})) {
  auto comm = test::world();
  const std::string head = "question,reference\n";
  const std::string good = "\"Q \"\"1\"\"\n\",R\nQ2,\"R\n2\"\n";
  const std::vector<std::string> files{
      head + good + "only one\n" + good + ",no question\nQ,\n" +
          good,                                             // rows with problems, all of them told
      head + good + "Q,\"R\" and more\n" + good + "one\n",  // no CSV from here on
      head + good + "Q,\"never closed\n" + "Q,R\n",
      head + good + "Q,na\xEFve\n" + good,
      "ask,answer\n" + good,
      "question,reference,\"never closed\n" + good,
      head + "\n\n\r\n" + std::string(40, '\n')};
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto file = write(comm, fmt::format("{}.csv", i), files[i]);
    const auto wanted = error_of(comm, file, {});
    BOOST_TEST_REQUIRE(wanted != "");
    for (const std::int64_t block : {1, 5, 16, 33})
      BOOST_TEST_CONTEXT("file " << i << ", blocks of " << block)
    BOOST_TEST(error_of(comm, file, {.block = block}) == wanted);
  }
}

BOOST_AUTO_TEST_CASE(a_quote_that_is_never_closed_does_not_fill_the_memory, *test::ranks({1, 2, 3})) {
  auto comm = test::world();
  const auto file = write(comm, "open.csv", "question,reference\nQ,R\nQ,\"R\n" + std::string(4000, 'x'));
  const auto text = error_of(comm, file, {.block = 64, .row_limit = 1000});
  BOOST_TEST(text ==
             file.string() + ": line 3: this row has more than 1000 bytes; is a quote in it never closed?");
}

BOOST_AUTO_TEST_CASE(a_review_leaves_out_what_it_rejects, *test::ranks({1, 3})) {
  auto comm = test::world();
  const auto file =
      write(comm, "g.csv", "id,question,reference,contexts\na,Q,1,x\nb,Q,2,y\nc,Q,3,z\nd,Q,4,u\n");
  (void)write(comm, "g.review.csv", "id,decision\na,reject\nc,reject\n");
  for (const std::int64_t block : {4, 5000}) {
    const auto left = load(comm, file, {.block = block});
    BOOST_TEST(left.rejected == 2);
    auto wanted = golden::load(file);
    wanted.erase(wanted.begin() + 2);
    wanted.erase(wanted.begin());
    check_same(left, wanted);
  }
}
