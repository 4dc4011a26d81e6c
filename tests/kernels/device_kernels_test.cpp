// The kernels of an encoder on a GPU, run by their twin on the host, against the reference over awkward
// sizes.
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/errors.hpp"
#include "tests/kernels/on_twin.hpp"

using namespace dream;
using namespace dream::kernels;
using namespace dream::test;

namespace {

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

}  // namespace

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
