#include "calls/place_index.hpp"

#include <malloc.h>

#include <fstream>

#include "base/errors.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using calls::PlaceIndex;
using calls::RecordPlace;

namespace {

RecordPlace place(int number, std::uint64_t offset) {
  return {digest_of(std::to_string(number)), offset, static_cast<std::uint32_t>(number), 3};
}

RecordPlace place(int number) { return place(number, static_cast<std::uint64_t>(number) * 10); }

std::int64_t files() {
  std::int64_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(test::folder()))
    count += static_cast<std::int64_t>(file.path().extension() == ".places");
  return count;
}

/// What the program has of the heap in use.
std::int64_t heap() { return static_cast<std::int64_t>(::mallinfo2().uordblks); }

}  // namespace

BOOST_AUTO_TEST_CASE(every_place_is_found_however_many_there_are) {
  PlaceIndex index(test::folder(), "a");
  BOOST_TEST(!index.find(place(0).key).has_value());
  for (int count = 0, next = 0; count <= 40'000; count += 1000) {
    for (; next < count; ++next) index.add(place(next));
    for (int i = 0; i < count; i += 97) BOOST_REQUIRE((index.find(place(i).key) == place(i)));
    for (int i = count; i < count + 50; ++i) BOOST_REQUIRE(!index.find(place(i).key).has_value());
  }
  for (int i = 0; i < 40'000; ++i) BOOST_REQUIRE((index.find(place(i).key) == place(i)));
}

BOOST_AUTO_TEST_CASE(the_newest_place_of_a_key_counts) {
  PlaceIndex index(test::folder(), "a");
  for (std::uint64_t round = 1; round <= 4; ++round) {
    for (int i = 0; i < 5000; ++i) index.add(place(i, round));
    for (int i = 0; i < 5000; ++i) BOOST_REQUIRE((index.find(place(i).key) == place(i, round)));
  }
}

BOOST_AUTO_TEST_CASE(few_places_need_no_file_and_many_leave_none_behind) {
  {
    PlaceIndex index(test::folder() / "absent", "a");
    for (int i = 0; i < 4000; ++i) index.add(place(i));
    BOOST_TEST(!std::filesystem::exists(test::folder() / "absent"));
  }
  {
    PlaceIndex index(test::folder(), "a");
    PlaceIndex other(test::folder(), "b");
    for (int i = 0; i < 100'000; ++i) index.add(place(i));
    for (int i = 0; i < 5'000; ++i) other.add(place(i));
    BOOST_TEST(files() >= 2);
    BOOST_TEST(files() <= 7);  // runs of like size are one
  }
  BOOST_TEST(files() == 0);
}

BOOST_AUTO_TEST_CASE(memory_stays_with_two_hundred_thousand_places) {
  PlaceIndex index(test::folder(), "a");
  for (int i = 0; i < 20'000; ++i) index.add(place(i));
  const auto before = heap();
  for (int i = 20'000; i < 200'000; ++i) index.add(place(i));
  const auto bytes_per_place = static_cast<double>(heap() - before) / 180'000;
  BOOST_TEST_MESSAGE(bytes_per_place << " bytes a place");
  BOOST_TEST(bytes_per_place < 0.5);
}

BOOST_AUTO_TEST_CASE(a_folder_that_takes_no_index_is_an_error_that_names_it) {
  const auto in_the_way = test::folder() / "file";
  std::ofstream(in_the_way) << "no folder";
  PlaceIndex index(in_the_way, "a");
  try {
    for (int i = 0; i < 5000; ++i) index.add(place(i));
    BOOST_FAIL("written into nowhere");
  } catch (const StateError& error) {
    BOOST_TEST(error.path == in_the_way.string());
  }
}
