#include "stages/rerank/order.hpp"

#include <cmath>

#include "tests/support/test.hpp"

using namespace dream;
using rerank::no_score;

namespace {

RetrievedChunk hit(std::int32_t ordinal) { return {{digest_of("d"), ordinal}, 0.5F, Origin::hit}; }

std::vector<std::int32_t> ordered(const std::vector<std::int32_t>& hits, const std::vector<float>& scores) {
  std::vector<RetrievedChunk> chunks;
  for (const auto ordinal : hits) chunks.push_back(hit(ordinal));
  std::vector<std::int32_t> ordinals;
  for (const auto& chunk : rerank::in_order(chunks, scores)) ordinals.push_back(chunk.chunk.ordinal);
  return ordinals;
}

using Ordinals = std::vector<std::int32_t>;

}  // namespace

BOOST_AUTO_TEST_CASE(hits_stand_by_their_new_scores) {
  BOOST_TEST(ordered({4, 2, 9}, {0.1F, 0.3F, 0.2F}) == (Ordinals{2, 9, 4}));
  BOOST_TEST(ordered({}, {}) == Ordinals{});
  const auto best = rerank::in_order({hit(1), hit(2)}, std::vector<float>{-3.0F, -2.0F});
  BOOST_TEST(best[0].score == -2.0F);
  BOOST_TEST(best[1].score == -3.0F);
}

BOOST_AUTO_TEST_CASE(ties_go_to_the_lower_chunk_whatever_the_order_of_the_search) {
  BOOST_TEST(ordered({7, 3, 5}, {0.5F, 0.5F, 0.5F}) == (Ordinals{3, 5, 7}));
  BOOST_TEST(ordered({5, 7, 3}, {0.5F, 0.5F, 0.5F}) == (Ordinals{3, 5, 7}));
  BOOST_TEST(ordered({5, 7, 3}, {0.5F, 0.9F, 0.5F}) == (Ordinals{7, 3, 5}));
}

BOOST_AUTO_TEST_CASE(hits_without_a_score_come_last_as_the_search_had_them) {
  BOOST_TEST(ordered({7, 3, 5, 1}, {no_score, -1e30F, std::nanf(""), INFINITY}) == (Ordinals{3, 7, 5, 1}));
  const auto all = rerank::in_order({hit(2), hit(1)}, std::vector<float>{std::nanf(""), no_score});
  BOOST_TEST(all[0].chunk.ordinal == 2);
  for (const auto& one : all) BOOST_TEST(one.score == no_score);
}
