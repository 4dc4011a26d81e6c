// The kernels of a GPU, run by their twin on the host, against the reference over awkward sizes; and the twin
// itself. A missing barrier shows when the threads of a block run in the other order.
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "base/errors.hpp"
#include "kernels/api/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"
#include "kernels/cuda/reduce.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::kernels;

namespace {

constexpr std::array elements{Element::fp32, Element::bf16, Element::fp16};

std::vector<float> numbers(std::int64_t count, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::vector<float> result(static_cast<std::size_t>(count));
  for (float& v : result) v = scale * (static_cast<float>(random()) / 2147483648.0F - 1.0F);
  return result;
}

/// Memory of exactly that many elements, so that a sanitizer sees what lies beyond.
struct Elements {
  Element element;
  std::vector<std::byte> bytes;
  Elements(Element e, std::int64_t count)
      : element(e), bytes(static_cast<std::size_t>(count * bytes_of(e))) {}
  Elements(Element e, const std::vector<float>& values) : Elements(e, std::ssize(values)) {
    for (std::int64_t i = 0; i < std::ssize(values); ++i)
      store(element, bytes.data(), i, values[static_cast<std::size_t>(i)]);
  }
  [[nodiscard]] std::vector<float> values() const {
    std::vector<float> result(bytes.size() / static_cast<std::size_t>(bytes_of(element)));
    for (std::int64_t i = 0; i < std::ssize(result); ++i)
      result[static_cast<std::size_t>(i)] = load(element, bytes.data(), i);
    return result;
  }
  bool operator==(const Elements&) const = default;
};

double worst(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double off = std::abs(double{a[i]} - b[i]);
    if (!(off <= most)) most = off;  // also when it is no number
  }
  return most;
}

/// How far a stored value of that size may be off by its rounding alone, both sides being rounded.
double rounding(Element element, double size) {
  return element == Element::fp32 ? 0 : element == Element::bf16 ? size * 0x1p-7 : size * 0x1p-10;
}

/// Runs `work` on the twin in both orders; the second run must give the bits of the first.
template <class Result, class Work>
Result both_ways(const Result& before, const Work& work) {
  std::array<Result, 2> results{before, before};
  for (const bool backward : {false, true}) {
    twin::Run run{.backward = backward};
    work(results[backward ? 1 : 0], Stream{&run});
  }
  BOOST_TEST((results[0] == results[1]), "the order of threads changes the result");
  return results[0];
}

const DeviceKernels& kernels_of_twin() { return twin::device_kernels(); }

struct Norms {
  std::vector<float> scale, shift;
  explicit Norms(std::int64_t columns) : scale(numbers(columns, 11)), shift(numbers(columns, 12)) {}
  [[nodiscard]] NormWeights weights() const { return {scale.data(), shift.data(), 1e-12F}; }
};

/// The residual stream and the same as elements.
struct Residuals {
  std::vector<float> x;
  Elements rounded;
  bool operator==(const Residuals&) const = default;
};

void check_residuals(const Residuals& found, const Residuals& expected, Element element, std::int64_t rows,
                     std::int64_t columns) {
  BOOST_TEST(worst(found.x, expected.x) <= 5e-5, name_of(element) << ' ' << rows << " x " << columns);
  BOOST_TEST(worst(found.rounded.values(), expected.rounded.values()) <= 5e-5 + rounding(element, 8),
             name_of(element) << ' ' << rows << " x " << columns);
}

void check_embedding(Element element, std::int64_t rows, std::int64_t columns) {
  const Norms norms(columns);
  const Elements words(element, numbers(7 * columns, 1));
  const auto positions = numbers(5 * columns, 2);
  std::vector<std::int32_t> ids, places;
  for (std::int32_t r = 0; r < rows; ++r) {
    ids.push_back((r * 3 + 6) % 7);
    places.push_back(r % 5);
  }
  const Residuals empty{std::vector<float>(static_cast<std::size_t>(rows * columns)),
                        {element, rows * columns}};
  const auto call_for = [&](Residuals& out) {
    return Embedding{ids.data(), places.data(), words.bytes.data(), positions.data(),        norms.weights(),
                     rows,       columns,       out.x.data(),       out.rounded.bytes.data()};
  };
  auto expected = empty;
  reference::embedding(call_for(expected), element);
  const auto found = both_ways(empty, [&](Residuals& out, Stream stream) {
    kernels_of_twin().embedding(call_for(out), element, stream);
  });
  check_residuals(found, expected, element, rows, columns);
}

void check_residual_norm(Element element, std::int64_t rows, std::int64_t columns) {
  const Norms norms(columns);
  const Elements y(element, numbers(rows * columns, 3));
  Residuals start{numbers(rows * columns, 4), {element, rows * columns}};
  for (float& v : start.x) v += 30.0F;  // a mean far from 0 is what a one-pass variance fails on
  const auto call_for = [&](Residuals& out) {
    return ResidualNorm{out.x.data(), y.bytes.data(), norms.weights(),
                        rows,         columns,        out.rounded.bytes.data()};
  };
  auto expected = start;
  reference::residual_norm(call_for(expected), element);
  const auto found = both_ways(start, [&](Residuals& out, Stream stream) {
    kernels_of_twin().residual_norm(call_for(out), element, stream);
  });
  check_residuals(found, expected, element, rows, columns);
}

void check_attention(Element element, const std::vector<std::int64_t>& lengths, std::int64_t heads,
                     std::int64_t size, bool biased) {
  std::vector<std::int64_t> offsets{0};
  for (const auto n : lengths) offsets.push_back(offsets.back() + n);
  const auto longest = *std::ranges::max_element(lengths);
  const auto rows = offsets.back(), columns = heads * size;
  const Elements qkv(element, numbers(rows * 3 * columns, 5, 6));  // sharp softmax as well as flat
  const auto bias = numbers(heads * (2 * longest + 1), 6);
  const auto call_for = [&](Elements& out) {
    return SequenceAttention{qkv.bytes.data(),
                             offsets.data(),
                             biased ? bias.data() : nullptr,
                             longest + 1,
                             std::ssize(lengths),
                             longest,
                             heads,
                             columns,
                             out.bytes.data()};
  };
  const Elements empty(element, rows * columns);
  auto expected = empty;
  reference::sequence_attention(call_for(expected), element);
  const auto found = both_ways(empty, [&](Elements& out, Stream stream) {
    kernels_of_twin().sequence_attention(call_for(out), element, stream);
  });
  BOOST_TEST(worst(found.values(), expected.values()) <= 6e-5 + rounding(element, 6),
             name_of(element) << ' ' << heads << " heads of " << size << ", bias " << biased);
}

std::vector<float> pooled(const SequencePool& call, std::int64_t size) {
  return both_ways(std::vector<float>(static_cast<std::size_t>(size), -1.0F),
                   [&](std::vector<float>& out, Stream stream) {
                     auto there = call;
                     there.out = out.data();
                     kernels_of_twin().sequence_pool(there, stream);
                   });
}

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

BOOST_AUTO_TEST_CASE(elements_round_to_nearest_and_come_back) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = Fp16{static_cast<std::uint16_t>(bits)};
    const auto brain = Bf16{static_cast<std::uint16_t>(bits)};
    if (!std::isnan(to_float(half))) BOOST_REQUIRE(from_float<Fp16>(to_float(half)).bits == bits);
    if (!std::isnan(to_float(brain))) BOOST_REQUIRE(from_float<Bf16>(to_float(brain)).bits == bits);
  }
  const auto half = [](float x) { return to_float(from_float<Fp16>(x)); };
  BOOST_TEST(half(1.0F + 0x1p-11F) == 1.0F);  // ties to even
  BOOST_TEST(half(1.0F + 0x3p-11F) == 1.0F + 0x1p-9F);
  BOOST_TEST(half(1.0F + 0x1.004p-11F) == 1.0F + 0x1p-10F);
  BOOST_TEST(half(65519.0F) == 65504.0F);
  BOOST_TEST(std::isinf(half(65520.0F)));
  BOOST_TEST(half(0x1p-25F) == 0.0F);
  BOOST_TEST(half(-0x1.8p-25F) == -0x1p-24F);
  BOOST_TEST(half(0x1.ff8p-15F) == 0x1.ff8p-15F);  // 1023 times 2^-24
  BOOST_TEST(half(0x1.ffcp-15F) == 0x1p-14F);      // a tie that becomes a normal number
  BOOST_TEST(std::isnan(half(std::nanf(""))));
  const auto brain = [](float x) { return to_float(from_float<Bf16>(x)); };
  BOOST_TEST(brain(1.0F + 0x1p-8F) == 1.0F);
  BOOST_TEST(brain(1.0F + 0x3p-8F) == 1.0F + 0x1p-6F);
  BOOST_TEST(std::isnan(brain(std::bit_cast<float>(0x7F800001U))));
}

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

BOOST_AUTO_TEST_CASE(twin_of_embedding_agrees_with_the_reference) {
  for (const auto element : elements)
    for (const auto rows : {0, 1, 6})
      for (const auto columns : {1, 31, 384, 1025}) check_embedding(element, rows, columns);
}

BOOST_AUTO_TEST_CASE(twin_of_residual_norm_agrees_with_the_reference) {
  for (const auto element : elements)
    for (const auto& [rows, columns] : {std::pair{1, 16}, {1, 33}, {3, 127}, {2, 129}, {33, 48}, {2, 1025}})
      check_residual_norm(element, rows, columns);
}

BOOST_AUTO_TEST_CASE(twin_of_activate_agrees_with_the_reference) {
  for (const auto element : elements) {
    for (const auto activation : {Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
      for (const bool biased : {false, true}) {
        for (const auto columns : {1, 1023, 1025}) {
          const Elements start(element, numbers(2 * columns, 7, 5));
          const auto bias = numbers(columns, 8, 5);
          const auto call_for = [&](Elements& y) {
            return Activate{y.bytes.data(), biased ? bias.data() : nullptr, activation, 2, columns};
          };
          auto expected = start;
          reference::activate(call_for(expected), element);
          const auto found = both_ways(start, [&](Elements& y, Stream stream) {
            kernels_of_twin().activate(call_for(y), element, stream);
          });
          BOOST_TEST(worst(found.values(), expected.values()) <= 2e-6 + rounding(element, 10),
                     name_of(element) << ' ' << columns);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(twin_of_attention_agrees_with_the_reference) {
  for (const auto element : elements) {
    check_attention(element, {1}, 1, 16, false);
    check_attention(element, {0, 1, 2, 0, 31, 32, 33, 0}, 3, 20, true);
    check_attention(element, {65, 7}, 1, 96, false);
  }
  check_attention(Element::bf16, {513}, 1, 32, false);
  check_attention(Element::fp32, {0, 0}, 2, 8, false);
  check_attention(Element::fp32, {40}, 1, most_head_size, true);
}

BOOST_AUTO_TEST_CASE(twin_of_attention_gives_a_sequence_the_same_bits_at_every_place) {
  const std::int64_t columns = 48, n = 45;
  const auto own = numbers(n * 3 * columns, 9);
  std::vector<std::vector<float>> results;
  for (const auto before : {0, 1, 33}) {
    auto qkv = numbers((before + n + 5) * 3 * columns, 10);
    std::ranges::copy(own, qkv.begin() + before * 3 * columns);
    const std::array<std::int64_t, 4> offsets{0, before, before + n, before + n + 5};
    std::vector<float> out(static_cast<std::size_t>((before + n + 5) * columns));
    kernels_of_twin().sequence_attention(
        {qkv.data(), offsets.data(), nullptr, 0, 3, n, 3, columns, out.data()}, Element::fp32, {});
    results.emplace_back(out.begin() + before * columns, out.begin() + (before + n) * columns);
  }
  BOOST_TEST((results[0] == results[1]));
  BOOST_TEST((results[0] == results[2]));
}

BOOST_AUTO_TEST_CASE(twin_of_pooling_agrees_with_the_reference) {
  const std::vector<std::int64_t> offsets{0, 1, 1, 8, 10};
  for (const auto pooling : {Pooling::first, Pooling::max, Pooling::mean, Pooling::mean_sqrt_length,
                             Pooling::weighted_mean, Pooling::last}) {
    for (const auto columns : {1, 130}) {
      for (const auto prompt : {0, 3}) {
        const auto x = numbers(10 * columns, 13);
        const auto stride = columns + 2;
        SequencePool call{x.data(), offsets.data(), 4, columns, prompt, pooling, nullptr, stride};
        std::vector<float> expected(static_cast<std::size_t>(4 * stride), -1.0F);
        const auto found = pooled(call, 4 * stride);
        call.out = expected.data();
        reference::sequence_pool(call);
        BOOST_TEST(worst(found, expected) <= 3e-6, static_cast<int>(pooling) << ' ' << columns);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(twin_of_normalise_agrees_with_the_reference) {
  for (const auto columns : {1, 33, 1025}) {
    auto start = numbers(3 * columns, 14, 9);
    std::fill_n(start.begin() + columns, columns, 0.0F);  // a row without a length
    auto expected = start;
    reference::normalise_rows({expected.data(), 3, columns});
    const auto found = both_ways(start, [&](std::vector<float>& x, Stream stream) {
      kernels_of_twin().normalise_rows({x.data(), 3, columns}, stream);
    });
    BOOST_TEST(worst(found, expected) <= 1e-6, columns);
  }
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

BOOST_AUTO_TEST_CASE(twin_runs_every_block_and_no_empty_grid) {
  twin::Run run;
  std::vector<float> x(6 * 5, 1.0F);
  kernels_of_twin().normalise_rows({x.data(), 6, 5}, {&run});
  BOOST_TEST(run.launched == 6);
  kernels_of_twin().normalise_rows({x.data(), 0, 5}, {&run});
  BOOST_TEST(run.launched == 6);
}

BOOST_AUTO_TEST_CASE(twin_sums_over_all_threads_and_shows_a_missing_barrier) {
  struct Sum {
    float* out;
    void operator()(const twin::Block& block) const {
      auto* const scratch = reinterpret_cast<float*>(block.shared());
      const float total = twin::sum(block, static_cast<float>(block.thread()), scratch);
      out[block.thread()] = total;
    }
  };
  std::vector<float> out(96);
  twin::launch(Sum{out.data()}, "sum", {.x = 1, .threads = 96, .shared_bytes = 12}, {});
  BOOST_TEST((out == std::vector<float>(96, 95 * 96 / 2)));

  struct Racy {
    float* out;
    void operator()(const twin::Block& block) const {
      auto* const values = reinterpret_cast<float*>(block.shared());
      values[block.thread()] = 1;
      out[block.thread()] = values[block.threads() - 1 - block.thread()];  // no barrier before
    }
  };
  std::array<std::vector<float>, 2> results{std::vector<float>(32), std::vector<float>(32)};
  for (const bool backward : {false, true}) {
    twin::Run run{.backward = backward};
    twin::launch(Racy{results[backward ? 1 : 0].data()}, "racy", {.x = 1, .threads = 32, .shared_bytes = 128},
                 {&run});
  }
  BOOST_TEST((results[0] != results[1]));
}

BOOST_AUTO_TEST_CASE(twin_refuses_a_barrier_that_not_all_threads_reach) {
  struct Divergent {
    void operator()(const twin::Block& block) const {
      if (block.thread() != 7) block.sync();
    }
  };
  BOOST_CHECK_THROW(twin::launch(Divergent{}, "divergent", {.x = 1, .threads = 64}, {}), InternalError);
  struct Throws {
    void operator()(const twin::Block& block) const {
      block.sync();
      if (block.thread() == 3) throw ConfigError("a thread's error");
    }
  };
  BOOST_CHECK_THROW(twin::launch(Throws{}, "throws", {.x = 2, .threads = 64}, {}), ConfigError);
}
