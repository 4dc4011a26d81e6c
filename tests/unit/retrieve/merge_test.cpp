#include <algorithm>
#include <bit>

#include "base/errors.hpp"
#include "tests/unit/retrieve/corpus.hpp"

using namespace dream::test;
using dream::Retrieved;
using dream::retrieve::merge;
using dream::retrieve::merge_over_ranks;
using dream::retrieve::no_hits;

namespace {

constexpr std::int32_t k = 7;
constexpr int pieces = 9;

/// The result of each of nine shards; many equal scores, and the last shards are empty or shorter than k.
struct Pieces {
  dream::Matrix vectors = vectors_of(Shape::duplicated, 200, 16, 1);
  dream::Matrix questions = vectors_of(Shape::random, 33, 16, 2);
  std::vector<dream::ChunkId> ids = ids_of(200);
  std::vector<Retrieved> found;

  Pieces() {
    for (int p = 0; p < pieces; ++p) {
      const auto rows = p == pieces - 1   ? cut(vectors, ids, 200, 1)
                        : p == pieces - 2 ? cut(vectors, ids, 197, 1)
                                          : rows_before_197(p);
      found.push_back(search_piece(rows, questions, {.k = k}));
    }
  }
  [[nodiscard]] dream::index::ShardRows rows_before_197(int p) const {
    dream::Matrix most(197, 16);
    std::copy_n(vectors.values.begin(), most.values.size(), most.values.begin());
    return cut(most, ids, p, pieces - 2);
  }
};

Retrieved list(std::initializer_list<std::pair<float, int>> items) {
  Retrieved r;
  for (const auto& [score, ordinal] : items) r.chunks.push_back({{{}, ordinal}, score, dream::Origin::hit});
  r.offsets.push_back(std::ssize(r.chunks));
  return r;
}

}  // namespace

BOOST_AUTO_TEST_CASE(merging_by_hand) {
  const auto a = list({{0.9F, 4}, {0.5F, 1}, {0.5F, 3}});
  const auto b = list({{0.7F, 9}, {0.5F, 2}, {0.1F, 0}});
  BOOST_TEST(same(merge(a, b, 4), list({{0.9F, 4}, {0.7F, 9}, {0.5F, 1}, {0.5F, 2}})));
  BOOST_TEST(
      same(merge(a, b, 100), list({{0.9F, 4}, {0.7F, 9}, {0.5F, 1}, {0.5F, 2}, {0.5F, 3}, {0.1F, 0}})));
  BOOST_TEST(same(merge(a, b, 0), no_hits(1)));
  BOOST_TEST(same(merge(a, a, 9), a));
  BOOST_TEST(same(merge(a, no_hits(1), 9), a));
  BOOST_TEST(same(merge(a, no_hits(1), 2), list({{0.9F, 4}, {0.5F, 1}})));
  BOOST_CHECK_THROW((void)merge(a, no_hits(2), 3), dream::InternalError);
}

BOOST_AUTO_TEST_CASE(any_tree_gives_the_same) {
  const Pieces p;
  const auto expected = oracle(p.vectors, p.ids, p.questions, k);
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    auto open = p.found;
    while (open.size() > 1) {  // two at random become one
      std::shuffle(open.begin(), open.end(), random);
      const auto last = std::move(open.back());
      open.pop_back();
      open.back() = merge(open.back(), last, k);
    }
    BOOST_TEST(same(open[0], expected), "round " << round);
  }
}

BOOST_AUTO_TEST_CASE(any_number_of_ranks_and_any_placement_give_the_same, *ranks({1, 2, 3, 4, 5})) {
  auto comm = world();
  const Pieces p;
  const auto expected = oracle(p.vectors, p.ids, p.questions, k);
  // Round robin; in runs; all on the last rank; and one where some ranks have none.
  const std::function<int(int)> placements[] = {
      [&](int piece) { return piece % comm.size(); },
      [&](int piece) { return piece * comm.size() / pieces; },
      [&](int) { return comm.size() - 1; },
      [&](int piece) { return (piece * 7 + 3) % 4 % comm.size(); },
  };
  for (const auto& rank_of : placements) {
    Retrieved mine = no_hits(p.questions.rows);
    for (int piece = 0; piece < pieces; ++piece) {
      if (rank_of(piece) == comm.rank()) mine = merge(mine, p.found[static_cast<std::size_t>(piece)], k);
    }
    BOOST_TEST(same(merge_over_ranks(comm, mine, k), expected));
  }
  // No questions at all.
  BOOST_TEST(merge_over_ranks(comm, no_hits(0), k).questions() == 0);
}
