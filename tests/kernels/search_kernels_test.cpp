// The kernels of an exact search on a GPU, run by their twin on the host, against the reference.
#include <algorithm>
#include <cmath>
#include <functional>

#include "base/errors.hpp"
#include "tests/kernels/on_twin.hpp"

using namespace dream;
using namespace dream::kernels;
using namespace dream::test;

namespace {

/// Best hits of scores that come in tiles of that many columns.
std::vector<Hit> best_of(const std::vector<float>& scores, std::int64_t queries, std::int64_t k,
                         std::int64_t tile, const std::function<void(const TopK&)>& run) {
  const auto columns = std::ssize(scores) / queries;
  std::vector<Hit> best(static_cast<std::size_t>(queries * k));
  for (std::int64_t from = 0; from < columns; from += tile) {
    const auto n = std::min(tile, columns - from);
    std::vector<float> part;
    for (std::int64_t q = 0; q < queries; ++q)
      part.insert(part.end(), scores.begin() + q * columns + from, scores.begin() + q * columns + from + n);
    run({part.data(), queries, n, static_cast<std::uint32_t>(from), k, best.data()});
  }
  return best;
}

}  // namespace

BOOST_AUTO_TEST_CASE(hits_are_ordered_by_score_then_index) {
  const std::vector<Hit> falling{
      hit_of(INFINITY, 5), hit_of(2.5F, 9),      hit_of(1.0F, 0),      hit_of(1.0F, 1),    hit_of(1e-40F, 3),
      hit_of(0.0F, 3),     hit_of(-0.0F, 4),     hit_of(0.0F, 5),      hit_of(-1e-40F, 3), hit_of(-1, 0),
      hit_of(-3e38F, 0),   hit_of(-INFINITY, 0), hit_of(-INFINITY, 7), hit_of(NAN, 1)};
  BOOST_TEST(std::ranges::is_sorted(falling, std::greater()));
  BOOST_TEST((std::ranges::adjacent_find(falling) == falling.end()));
  BOOST_TEST(falling.back() == 0U);
  BOOST_TEST(score_of(falling[1]) == 2.5F);
  BOOST_TEST(index_of(falling[1]) == 9U);
  BOOST_TEST(score_of(falling[8]) == -1e-40F);
}

BOOST_AUTO_TEST_CASE(twin_of_top_k_agrees_with_the_reference_in_tiles_of_any_width) {
  constexpr std::int64_t queries = 2, columns = 3001;
  auto scores = numbers(queries * columns, 15);
  for (std::size_t i = 0; i < scores.size(); i += 7) scores[i] = 0.75F;  // many ties
  for (std::size_t i = 0; i < columns; ++i)
    scores[i] = static_cast<float>(i);  // every score beats all before
  scores[5] = NAN;
  for (const std::int64_t k : {1, 100, 513}) {
    const auto expected = best_of(scores, queries, k, columns, reference::top_k);
    for (const std::int64_t tile : {1000L, columns}) {
      const auto found = both_ways(std::vector<Hit>(), [&](std::vector<Hit>& best, Stream stream) {
        best = best_of(scores, queries, k, tile,
                       [&](const TopK& call) { kernels_of_twin().top_k(call, stream); });
      });
      BOOST_TEST((found == expected), k << " of tiles of " << tile);
    }
  }
}

BOOST_AUTO_TEST_CASE(twin_of_top_k_has_no_hit_where_there_are_fewer_scores) {
  const std::vector<float> scores{0.5F, NAN, -1.0F};
  const auto found = best_of(scores, 1, 4, 3, [](const TopK& call) { kernels_of_twin().top_k(call, {}); });
  BOOST_TEST((found == std::vector<Hit>{hit_of(0.5F, 0), hit_of(-1.0F, 2), 0, 0}));
}

BOOST_AUTO_TEST_CASE(twin_of_top_k_leaves_the_best_where_a_tile_has_nothing_better) {
  std::vector<Hit> best{hit_of(3, 7), hit_of(2, 1)};
  const auto before = best;
  const std::vector<float> scores{1, 0, -1};
  kernels_of_twin().top_k({scores.data(), 1, 3, 100, 2, best.data()}, {});
  BOOST_TEST((best == before));
}

BOOST_AUTO_TEST_CASE(twin_of_rounding_fills_up_with_zeros) {
  for (const auto element : elements) {
    for (const std::int64_t columns : {1, 5, 129}) {
      const auto from = numbers(3 * columns, 21);
      const auto call_for = [&](Elements& to) {
        return RoundRows{from.data(), 3, columns, columns + 7, to.bytes.data()};
      };
      const Elements empty(element, std::vector<float>(static_cast<std::size_t>(3 * (columns + 7)), 5.0F));
      auto expected = empty;
      reference::round_rows(call_for(expected), element);
      const auto found = both_ways(empty, [&](Elements& to, Stream stream) {
        kernels_of_twin().round_rows(call_for(to), element, stream);
      });
      BOOST_TEST((found == expected), name_of(element) << ' ' << columns);
      BOOST_TEST(found.values().back() == 0.0F);
    }
  }
}

/// Not nearly: the order of the sum is the contract.
BOOST_AUTO_TEST_CASE(twin_of_rescoring_has_the_bits_of_the_dot_product) {
  constexpr std::int64_t queries = 2, rows = 50;
  for (const std::int64_t columns : {1, 15, 16, 17, 33, 384}) {
    for (const std::int64_t k : {1, 31, 32, 33, 40}) {
      const auto questions = numbers(queries * columns, 22), vectors = numbers(rows * columns, 23);
      std::vector<Hit> hits;
      for (std::int64_t i = 0; i < queries * k; ++i)
        hits.push_back(i % 11 == 10 ? Hit{0} : hit_of(1.0F, static_cast<std::uint32_t>(i * 7 % rows)));
      const auto call_for = [&](std::vector<float>& scores) {
        return Rescore{questions.data(), vectors.data(), hits.data(), queries, k, columns, scores.data()};
      };
      const std::vector<float> empty(static_cast<std::size_t>(queries * k), -7.0F);
      auto expected = empty;
      reference::rescore(call_for(expected));
      const auto found = both_ways(empty, [&](std::vector<float>& scores, Stream stream) {
        kernels_of_twin().rescore(call_for(scores), stream);
      });
      BOOST_TEST((found == expected), columns << " columns, " << k << " hits");
    }
  }
}
