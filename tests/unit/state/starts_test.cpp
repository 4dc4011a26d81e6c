#include "state/starts.hpp"

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

namespace fs = std::filesystem;
using namespace dream;
using state::count_start;
namespace test = dream::test;

namespace {

/// How many starts in a row go on before one gives up, when each finds `parts`.
int starts_before_giving_up(const fs::path& folder, std::int64_t parts) {
  for (int i = 0; i < 100; ++i) {
    try {
      count_start(folder, "nightly", parts);
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
  BOOST_TEST(starts_before_giving_up(folder, 7) == state::idle_starts);
  BOOST_TEST(starts_before_giving_up(folder, 7) == state::idle_starts);
}

BOOST_AUTO_TEST_CASE(a_part_a_reply_or_an_end_is_progress) {
  const auto path = test::folder();
  fs::create_directories(path / "calls" / "journals");
  for (int i = 0; i < 20; ++i) BOOST_CHECK_NO_THROW(count_start(path, "nightly", i / 4));
  for (int i = 0; i < 20; ++i) {
    write_file(path / "calls" / "journals" / "a", std::string(static_cast<std::size_t>(1 + i / 4), 'x'));
    BOOST_CHECK_NO_THROW(count_start(path, "nightly", 4));
  }
  for (int i = 0; i < 20; ++i) {
    BOOST_CHECK_NO_THROW(count_start(path, "nightly", 4));
    state::forget_starts(path, "nightly");
  }
}

BOOST_AUTO_TEST_CASE(sweeps_are_counted_apart_and_a_damaged_count_is_a_first_start) {
  const auto folder = test::folder();
  for (int i = 0; i < 4; ++i) count_start(folder, "nightly", 7);
  for (int i = 0; i < 4; ++i) BOOST_CHECK_NO_THROW(count_start(folder, "other", 7));
  for (const auto& file : fs::directory_iterator(folder / "starts")) write_file(file.path(), "");
  BOOST_TEST(starts_before_giving_up(folder, 7) == state::idle_starts);
}
