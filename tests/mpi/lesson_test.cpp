// One worked case, explained line by line in CONTRIBUTING.md, which quotes it. A test keeps the two equal.
#include <algorithm>
#include <numeric>

#include "tests/support/test.hpp"

namespace test = dream::test;

BOOST_AUTO_TEST_CASE(lesson_the_longest_document_is_known_everywhere, *test::ranks({1, 2, 3})) {
  auto comm = test::world();
  // Rank r holds r documents, so rank 0 holds none; document i of rank r has 100 * r + i bytes.
  std::vector<std::int64_t> mine(static_cast<std::size_t>(comm.rank()));
  std::iota(mine.begin(), mine.end(), 100 * comm.rank());

  const auto all = comm.all_gather_v(std::span<const std::int64_t>(mine));

  const std::int64_t last = comm.size() - 1;
  BOOST_TEST(std::ssize(all.values) == last * (last + 1) / 2);
  const auto longest = std::max_element(all.values.begin(), all.values.end());
  BOOST_TEST((longest == all.values.end() ? 0 : *longest) == (last == 0 ? 0 : 100 * last + last - 1));
}
