// Search with a GPU that nominates, played by its twin: ids and scores are those of every row scored by the
// reference, bit by bit.
#include <cmath>

#include "base/errors.hpp"
#include "device/exact_search.hpp"
#include "tests/unit/retrieve/corpus.hpp"

using namespace dream;
using namespace dream::test;
using device::ExactSearch;
using device::SearchPlan;
using kernels::Element;

namespace {

/// What search asks of it is counted.
struct Asked {
  std::int64_t calls = 0, most = 0;
};

Retrieved search_on_twin(const Matrix& vectors, const std::vector<ChunkId>& ids, const Matrix& questions,
                         const SearchPlan& plan, retrieve::SearchOptions options, Asked* asked = nullptr) {
  double longest = 0;
  for (std::int64_t r = 0; r < vectors.rows; ++r) {
    double squares = 0;
    for (const float v : vectors.row(r)) squares += double{v} * v;
    longest = std::max(longest, std::sqrt(squares));
  }
  ExactSearch gpu(device::make_twin_accelerator(), vectors.view(), plan, no_pulse());
  retrieve::Source source{vectors.view(), ids, longest, {}};
  source.nominate_scored = [&](auto some, auto count, auto raw, auto own, auto rows) {
    if (asked != nullptr) *asked = {asked->calls + 1, std::max(asked->most, count)};
    gpu.find(some, count, raw, own, rows, no_pulse());
  };
  source.raw_error = [&](double length) { return gpu.raw_error(length, longest); };
  options.most_nominated = kernels::most_k;
  return retrieve::search(source, questions.view(), options, no_pulse());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_gpu_finds_what_brute_force_finds_at_awkward_sizes) {
  for (const auto element : {Element::fp32, Element::fp16, Element::bf16}) {
    for (const std::int64_t n : {1, 37, 74, 300}) {
      for (const std::int64_t q : {1, 6}) {
        const auto vectors = vectors_of(Shape::random, n, 33, 1);
        const auto questions = vectors_of(Shape::random, q, 33, 2);
        const auto ids = ids_of(n);
        for (const std::int32_t k : {1, 10, 300}) {
          const auto found = search_on_twin(vectors, ids, questions, {element, 5, 37}, {.k = k, .margin = 9});
          BOOST_TEST(same(found, oracle(vectors, ids, questions, k)),
                     name_of(element) << " N=" << n << " Q=" << q << " k=" << k);
        }
      }
    }
  }
}

/// Where scores are closer together than rounding can tell, more rows are asked for, and in the end all.
BOOST_AUTO_TEST_CASE(a_gpu_is_asked_for_more_where_rounding_could_hide_a_hit) {
  for (const auto shape : {Shape::clustered, Shape::duplicated}) {
    const auto vectors = vectors_of(shape, 400, 24, 3);
    const auto ids = ids_of(400);
    Matrix questions(3, 24);
    std::copy_n(vectors.values.begin(), questions.values.size(), questions.values.begin());
    Asked asked;
    const auto found =
        search_on_twin(vectors, ids, questions, {Element::fp16, 4, 64}, {.k = 3, .margin = 2}, &asked);
    BOOST_TEST(same(found, oracle(vectors, ids, questions, 3)));
    BOOST_TEST(asked.calls > 1);
    BOOST_TEST(asked.most > 5);
  }
}

BOOST_AUTO_TEST_CASE(raw_scores_are_within_their_bound) {
  const auto vectors = vectors_of(Shape::random, 200, 48, 4), questions = vectors_of(Shape::random, 4, 48, 5);
  for (const auto element : {Element::fp32, Element::fp16, Element::bf16}) {
    ExactSearch gpu(device::make_twin_accelerator(), vectors.view(), {element, 4, 50}, no_pulse());
    const std::int64_t count = 200;
    std::vector<float> raw(4 * count), exact(raw.size());
    std::vector<std::int64_t> rows(raw.size());
    gpu.find(questions.view(), count, raw, exact, rows, no_pulse());
    double worst = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const auto q = questions.row(static_cast<std::int64_t>(i) / count), x = vectors.row(rows[i]);
      double dot = 0, qq = 0, xx = 0;
      for (std::size_t c = 0; c < q.size(); ++c) {
        dot += double{q[c]} * x[c];
        qq += double{q[c]} * q[c];
        xx += double{x[c]} * x[c];
      }
      const auto off = std::abs(raw[i] - dot) / gpu.raw_error(std::sqrt(qq), std::sqrt(xx));
      worst = std::max(worst, off);
      BOOST_REQUIRE(exact[i] == kernels::dot_reference(q, x));
    }
    BOOST_TEST(worst <= 1, name_of(element));
    BOOST_TEST(worst > 0);  // it is a bound of something
  }
}

BOOST_AUTO_TEST_CASE(a_search_again_is_one_launch_and_the_same) {
  const auto vectors = vectors_of(Shape::random, 100, 16, 6), questions = vectors_of(Shape::random, 7, 16, 7);
  ExactSearch gpu(device::make_twin_accelerator(), vectors.view(), {Element::fp16, 3, 32}, no_pulse());
  std::vector<std::vector<std::int64_t>> found;
  for (int i = 0; i < 3; ++i) {
    std::vector<float> raw(7 * 5), exact(raw.size());
    found.emplace_back(raw.size());
    gpu.find(questions.view(), 5, raw, exact, found.back(), no_pulse());
  }
  BOOST_TEST((found[0] == found[1]));
  BOOST_TEST((found[0] == found[2]));
  BOOST_TEST((std::vector(found[0].begin(), found[0].begin() + 5) !=
              std::vector(found[0].begin() + 15, found[0].begin() + 20)));
}

BOOST_AUTO_TEST_CASE(the_memory_of_a_search_is_what_was_forecast) {
  const auto vectors = vectors_of(Shape::random, 100, 17, 8);
  for (const auto element : {Element::fp32, Element::fp16}) {
    const SearchPlan plan{element, 8, 64};
    const std::shared_ptr<device::Accelerator> twin = device::make_twin_accelerator();
    {
      const ExactSearch gpu(twin, vectors.view(), plan, no_pulse());
      BOOST_TEST(twin->bytes_in_use() == ExactSearch::bytes_of(100, 17, plan));
    }
    BOOST_TEST(twin->bytes_in_use() == 0);
    twin->allow(ExactSearch::bytes_of(100, 17, plan) - 1);
    BOOST_CHECK_EXCEPTION(ExactSearch(twin, vectors.view(), plan, no_pulse()), Error, [](const Error& e) {
      return std::string_view(e.what()).find("index.shards") != std::string_view::npos;
    });
    BOOST_TEST(twin->bytes_in_use() == 0);
  }
}
