#include "calls/place_index.hpp"

#include "tests/support/test.hpp"

using namespace dream;
using calls::PlaceIndex;

namespace {

Digest key_of(int number) { return digest_of(std::to_string(number)); }

std::vector<std::uint64_t> candidates(const PlaceIndex& index, const Digest& key) {
  std::vector<std::uint64_t> found;
  index.find(key, [&](std::uint64_t offset) {
    found.push_back(offset);
    return false;
  });
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_record_is_found_however_many_there_are) {
  PlaceIndex index;
  BOOST_TEST(candidates(index, key_of(0)).empty());
  for (int count = 0, next = 0; count <= 5000; count += 250) {
    for (; next < count; ++next) index.add(key_of(next), static_cast<std::uint64_t>(next) * 10);
    for (int i = 0; i < count; i += 7)
      BOOST_REQUIRE((candidates(index, key_of(i)) == std::vector{static_cast<std::uint64_t>(i) * 10}));
    BOOST_REQUIRE(candidates(index, key_of(count)).empty());
  }
}

BOOST_AUTO_TEST_CASE(the_newest_record_of_a_key_comes_first) {
  PlaceIndex index;
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (int i = 0; i < 700; ++i) index.add(key_of(i), round * 10'000 + static_cast<std::uint64_t>(i));
  }
  const auto found = candidates(index, key_of(3));
  BOOST_TEST(found.size() == 3U);
  BOOST_TEST(found.at(0) == 20'003U);
  int asked = 0;
  index.find(key_of(3), [&](std::uint64_t) { return ++asked == 1; });
  BOOST_TEST(asked == 1);
}
