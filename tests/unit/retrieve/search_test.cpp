#include "stages/retrieve/search.hpp"

#include <algorithm>
#include <bit>

#include "base/errors.hpp"
#include "tests/unit/retrieve/corpus.hpp"

using namespace dream::test;
using dream::Matrix;
using dream::MatrixView;
using dream::no_pulse;
using dream::Retrieved;
using dream::retrieve::merge;
using dream::retrieve::no_hits;
using dream::retrieve::search;
using dream::retrieve::SearchOptions;
using dream::retrieve::Source;

namespace {

constexpr Shape shapes[] = {Shape::random, Shape::clustered, Shape::duplicated};

const char* name_of(Shape shape) {
  return shape == Shape::random ? "random" : shape == Shape::clustered ? "clustered" : "duplicated";
}

/// Found by cutting the rows `pieces` ways and merging.
Retrieved search_in_pieces(const Matrix& vectors, const std::vector<dream::ChunkId>& ids,
                           const Matrix& questions, int pieces, const SearchOptions& options) {
  Retrieved all = no_hits(questions.rows);
  for (int p = 0; p < pieces; ++p) {
    all = merge(all, search_piece(cut(vectors, ids, p, pieces), questions, options), options.k);
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(brute_force_agrees_at_awkward_sizes) {
  for (const auto shape : shapes) {
    for (const std::int64_t n : {0, 1, 31, 33, 257}) {
      for (const std::int64_t q : {0, 1, 7, 300}) {
        const auto vectors = vectors_of(shape, n, 33, 1);
        const auto questions = vectors_of(Shape::random, q, 33, 2);
        const auto ids = ids_of(n);
        for (const std::int32_t k : {0, 1, 10, 300}) {
          BOOST_TEST(same(search_piece(cut(vectors, ids, 0, 1), questions, {.k = k}),
                          oracle(vectors, ids, questions, k)),
                     name_of(shape) << " N=" << n << " Q=" << q << " k=" << k);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(cuts_and_batches_do_not_show) {
  for (const auto shape : shapes) {
    const auto vectors = vectors_of(shape, 3000, 48, 1);
    // Questions along the stored vectors: the many near-equal rows are then those at the top.
    const Matrix questions = vectors_of(shape, 40, 48, 1);
    const auto ids = ids_of(vectors.rows);
    const auto expected = oracle(vectors, ids, questions, 10);
    for (const int pieces : {1, 2, 5, 8}) {
      for (const std::int64_t batch : {1, 7, 1000}) {
        BOOST_TEST(
            same(search_in_pieces(vectors, ids, questions, pieces, {.k = 10, .batch = batch}), expected),
            name_of(shape) << " in " << pieces << " pieces, batches of " << batch);
      }
    }
    BOOST_TEST(same(search_in_pieces(vectors, ids, questions, 3, {.k = 10, .margin = 0}), expected),
               name_of(shape));
    // Smaller k are prefixes.
    BOOST_TEST(same(merge(expected, no_hits(40), 3), search_in_pieces(vectors, ids, questions, 2, {.k = 3})));
  }
}

BOOST_AUTO_TEST_CASE(more_than_k_equal_texts_are_taken_by_id) {
  // 700 copies of the best vector, spread over the shard: far more than k + margin.
  auto vectors = vectors_of(Shape::random, 2000, 32, 1);
  const auto questions = vectors_of(Shape::random, 30, 32, 2);
  for (std::int64_t r = 0; r < 2000; r += 3) std::ranges::copy(questions.row(0), vectors.row(r).begin());
  const auto ids = ids_of(2000);
  const auto found = search_piece(cut(vectors, ids, 0, 1), questions, {.k = 10});
  BOOST_TEST(same(found, oracle(vectors, ids, questions, 10)));
  BOOST_TEST(found.chunks[0].score == found.chunks[9].score);
  BOOST_TEST((found.chunks[0].chunk < found.chunks[1].chunk));
}

BOOST_AUTO_TEST_CASE(the_worst_rounding_of_raw_scores_cannot_hide_a_row) {
  // A nominator whose raw scores are wrong by as much as float32 may be, and in the worst direction: the
  // better half of the truly best rows is pushed down, everything else up.
  const std::int64_t n = 4000;
  const auto vectors = vectors_of(Shape::clustered, n, 64, 1);
  const auto questions = vectors_of(Shape::clustered, 8, 64, 1);
  const auto ids = ids_of(n);
  const dream::index::Shard shard(dream::index::build(cut(vectors, ids, 0, 1)).file, cut(vectors, ids, 0, 1));
  Source source = source_of(shard);
  const auto expected = oracle(vectors, ids, questions, 10);
  int calls = 0;
  source.nominate = [&](MatrixView<const float> asked, std::int64_t count, std::span<float> scores,
                        std::span<std::int64_t> rows) {
    ++calls;
    for (std::int64_t q = 0; q < asked.rows; ++q) {
      std::vector<std::pair<float, std::int64_t>> raw;
      for (std::int64_t r = 0; r < n; ++r) {
        double exact = 0;
        double size = 0;
        for (std::size_t i = 0; i < 64; ++i) {
          exact += static_cast<double>(asked.row(q)[i]) * vectors.row(r)[i];
          size += std::abs(static_cast<double>(asked.row(q)[i]) * vectors.row(r)[i]);
        }
        const double wrong = 64 * 0x1p-24 * size * 0.99;
        const bool hit = std::ranges::any_of(
            expected.chunks, [&](const auto& c) { return c.chunk == ids[static_cast<std::size_t>(r)]; });
        raw.emplace_back(static_cast<float>(hit ? exact - wrong : exact + wrong), r);
      }
      std::sort(raw.rbegin(), raw.rend());
      for (std::int64_t i = 0; i < count; ++i) {
        scores[static_cast<std::size_t>(q * count + i)] = raw[static_cast<std::size_t>(i)].first;
        rows[static_cast<std::size_t>(q * count + i)] = raw[static_cast<std::size_t>(i)].second;
      }
    }
  };
  BOOST_TEST(same(search(source, questions.view(), {.k = 10}, no_pulse()), expected));
  BOOST_TEST(calls > 1);
}

BOOST_AUTO_TEST_CASE(clear_cases_ask_once) {
  const auto vectors = vectors_of(Shape::random, 3000, 48, 1);
  const auto questions = vectors_of(Shape::random, 100, 48, 2);
  const auto rows = cut(vectors, ids_of(3000), 0, 1);
  const dream::index::Shard shard(dream::index::build(rows).file, rows);
  Source source = source_of(shard);
  std::vector<std::int64_t> asked;
  source.nominate = [&](MatrixView<const float> some, std::int64_t count, std::span<float> s,
                        std::span<std::int64_t> r) {
    asked.push_back(some.rows);
    BOOST_TEST(count == 26);
    shard.nominate(some, count, s, r);
  };
  (void)search(source, questions.view(), {.k = 10, .batch = 60}, no_pulse());
  BOOST_TEST(asked == (std::vector<std::int64_t>{60, 40}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(approximate_indexes_overlook_but_do_not_misjudge) {
  const auto vectors = vectors_of(Shape::random, 2000, 48, 1);
  const auto questions = vectors_of(Shape::random, 40, 48, 2);
  const auto ids = ids_of(2000);
  const auto everything = oracle(vectors, ids, questions, 2000);
  for (const char* factory : {"HNSW32", "IVF64,Flat", "PQ8x4"}) {
    const auto found = search_piece(cut(vectors, ids, 0, 1), questions, {.k = 10}, factory);
    BOOST_TEST(same(found, search_piece(cut(vectors, ids, 0, 1), questions, {.k = 10, .batch = 1}, factory)),
               factory);
    BOOST_TEST(found.questions() == 40);
    // Merging into the truth changes nothing: every score is the true one.
    BOOST_TEST(same(merge(everything, found, 2000), everything), factory);
    // Few rows: exact, whatever the index.
    const auto few = cut(vectors, ids, 0, 50);
    BOOST_TEST(
        same(search_piece(few, questions, {.k = 10}, factory), oracle(few.vectors, few.ids, questions, 10)),
        factory);
  }
}

BOOST_AUTO_TEST_CASE(the_pulse_ends_a_search) {
  const auto vectors = vectors_of(Shape::random, 100, 8, 1);
  const auto rows = cut(vectors, ids_of(100), 0, 1);
  const dream::index::Shard shard(dream::index::build(rows).file, rows);
  int beats = 0;
  const dream::Pulse pulse = [&] {
    if (++beats == 3) throw dream::Stopped("test");
  };
  BOOST_CHECK_THROW((void)search(source_of(shard), vectors.view(), {.k = 1, .batch = 10}, pulse),
                    dream::Stopped);
}

BOOST_AUTO_TEST_CASE(questions_that_cannot_be_scored_are_refused) {
  const auto vectors = vectors_of(Shape::random, 100, 8, 1);
  const auto rows = cut(vectors, ids_of(100), 0, 1);
  const dream::index::Shard shard(dream::index::build(rows).file, rows);
  for (const float value : {NAN, INFINITY, 3e38F}) {
    Matrix question(1, 8);
    question.values[3] = value;
    BOOST_CHECK_THROW((void)search(source_of(shard), std::as_const(question).view(), {}, no_pulse()),
                      dream::InternalError);
  }
  const auto wider = vectors_of(Shape::random, 1, 9, 1);
  BOOST_CHECK_THROW((void)search(source_of(shard), wider.view(), {}, no_pulse()), dream::InternalError);
}
