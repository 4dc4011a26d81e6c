#include "state/starts.hpp"

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

namespace fs = std::filesystem;
using namespace dream;
using state::count_start;
namespace test = dream::test;

namespace {

/// How many starts in a row go on before one gives up.
int starts_before_giving_up(const fs::path& folder) {
  for (int i = 0; i < 100; ++i) {
    try {
      count_start(folder, "nightly");
    } catch (const StateError& e) {
      BOOST_TEST(std::string(e.what()).find("no progress") != std::string::npos);
      return i;
    }
  }
  return 100;
}

}  // namespace

BOOST_AUTO_TEST_CASE(starts_that_add_nothing_come_to_an_end_and_a_person_may_begin_again) {
  const auto folder = test::folder();
  BOOST_TEST(starts_before_giving_up(folder) == state::idle_starts);
  BOOST_TEST(starts_before_giving_up(folder) == 0);
  state::forget_starts(folder, "nightly");
  BOOST_TEST(starts_before_giving_up(folder) == state::idle_starts);
}

BOOST_AUTO_TEST_CASE(a_part_a_reply_or_an_end_is_progress) {
  const auto folder = test::folder();
  fs::create_directories(folder / "parts" / "ab");
  fs::create_directories(folder / "calls" / "journals");
  const auto four_starts = [&] {
    for (int i = 0; i < 4; ++i) BOOST_CHECK_NO_THROW(count_start(folder, "nightly"));
  };
  for (int i = 0; i < 4; ++i) {
    write_file(folder / "parts" / "ab" / std::to_string(i), "a part");
    four_starts();
    write_file(folder / "calls" / "journals" / "a-0.journal",
               std::string(static_cast<std::size_t>(1 + i), 'x'));
    four_starts();
    state::forget_starts(folder, "nightly");
    four_starts();
  }
}

BOOST_AUTO_TEST_CASE(objects_fetched_are_progress_and_what_a_kill_leaves_is_none) {
  const auto folder = test::folder();
  fs::create_directories(folder / "calls" / "journals");
  fs::create_directories(folder / "objects");
  for (int i = 0; i < 4; ++i) count_start(folder, "nightly");
  write_file(folder / "objects" / "known", "one");
  for (int i = 0; i < 4; ++i) {
    write_file(folder / "calls" / "journals" / (std::to_string(i) + "-0.1.places"),
               "of a job that was killed");
    BOOST_CHECK_NO_THROW(count_start(folder, "nightly"));
  }
  write_file(folder / "calls" / "journals" / "4-0.1.places", "");
  BOOST_CHECK_NO_THROW(count_start(folder, "nightly"));
  BOOST_CHECK_THROW(count_start(folder, "nightly"), StateError);
}

BOOST_AUTO_TEST_CASE(sweeps_are_counted_apart_and_a_damaged_count_is_a_first_start) {
  const auto folder = test::folder();
  for (int i = 0; i < 4; ++i) count_start(folder, "nightly");
  for (int i = 0; i < 4; ++i) BOOST_CHECK_NO_THROW(count_start(folder, "other"));
  for (const auto& file : fs::directory_iterator(folder / "starts")) write_file(file.path(), "");
  BOOST_TEST(starts_before_giving_up(folder) == state::idle_starts);
}
