// The reference against numbers worked out by hand, and the CPU backend against the reference over awkward
// sizes.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "kernels/api/activation.hpp"
#include "kernels/api/aligned.hpp"
#include "kernels/api/attention.hpp"
#include "kernels/api/gelu.hpp"
#include "kernels/api/layer_norm.hpp"
#include "kernels/api/linear.hpp"
#include "kernels/api/numeric_class.hpp"
#include "kernels/api/pool.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::kernels;

namespace {

/// A matrix in aligned memory; element values in [-1, 1), the same for the same seed.
struct Block {
  AlignedFloats floats;
  std::int64_t rows, cols;
  Block(std::int64_t r, std::int64_t c, unsigned seed = 0) : floats(r * c), rows(r), cols(c) {
    if (seed == 0) return;
    std::mt19937 random(seed);
    for (float& v : floats.span()) v = static_cast<float>(random()) / 2147483648.0F - 1.0F;
  }
  [[nodiscard]] MatrixView<float> view() const { return {floats.data(), rows, cols}; }
  [[nodiscard]] MatrixView<const float> read() const { return {floats.data(), rows, cols}; }
};

Block copy(const Block& from) {
  Block result(from.rows, from.cols);
  std::copy(from.floats.span().begin(), from.floats.span().end(), result.floats.data());
  return result;
}

double worst(const Block& a, const Block& b) {
  double most = 0;
  for (std::int64_t i = 0; i < a.rows * a.cols; ++i) {
    const double off = std::abs(double{a.floats.data()[i]} - b.floats.data()[i]);
    if (!(off <= most)) most = off;  // also when it is no number
  }
  return most;
}

bool same_bits(const float* a, const float* b, std::int64_t n) {
  return std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(float)) == 0;
}

std::vector<std::int64_t> offsets_of(const std::vector<std::int64_t>& lengths) {
  std::vector<std::int64_t> offsets{0};
  for (const auto n : lengths) offsets.push_back(offsets.back() + n);
  return offsets;
}

/// Attention of the CPU backend on sequences of these lengths.
Block attend(const Block& qkv, const std::vector<std::int64_t>& offsets, int heads,
             std::span<const float> bias = {}) {
  Block out(qkv.rows, qkv.cols / 3);
  AlignedFloats scratch(cpu::attention_scratch(qkv.rows, out.cols / heads));
  cpu::attention({qkv.read(), offsets, heads, bias}, out.view(), scratch.span());
  return out;
}

/// One row at every place of a call, each on a new thread, among other rows.
void check_places() {
  const int rows = cpu::linear_rows();
  for (const auto& [k, n] : {std::pair{384, 1152}, {384, 384}, {384, 1536}, {1536, 384}}) {
    const Block w(n, k, 1), b(1, n, 2), one(1, k, 3);
    const cpu::PackedLinear packed({w.read(), b.floats.span()}, rows);
    Block x(rows, k, 4), y(rows, n), first(1, n);
    for (int place = 0; place < rows; ++place) {
      Block moved = copy(x);
      std::copy(one.floats.span().begin(), one.floats.span().end(), moved.view().row(place).begin());
      std::thread([&] {
        cpu::LinearContext context;
        packed.apply(context, moved.floats.data(), y.floats.data());
      }).join();
      const float* row = y.view().row(place).data();
      if (place == 0) std::copy(row, row + n, first.floats.data());
      BOOST_TEST(same_bits(row, first.floats.data(), n), k << " x " << n << ", place " << place);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(reference_agrees_with_numbers_worked_out_by_hand) {
  float y[2];
  const float w[] = {1, 2, 3, 4, 5, 6}, b[] = {10, 20}, x[] = {1, 0, -1};
  reference::linear({{w, 2, 3}, b}, {x, 1, 3}, {y, 1, 2});
  BOOST_TEST(y[0] == 8);
  BOOST_TEST(y[1] == 18);

  float g[] = {0, 1, -1};
  reference::gelu(g);
  BOOST_TEST(g[0] == 0);
  BOOST_TEST(g[1] == 0.841344746F);  // the normal distribution's share below one sigma
  BOOST_TEST(g[2] == -0.158655254F);

  float n[] = {1, 3};
  const float added[] = {0, 2}, scale[] = {1, 10}, shift[] = {0, 1};
  reference::layer_norm({scale, shift, 0}, {added, 1, 2}, {n, 1, 2});  // of 1, 5: mean 3, deviation 2
  BOOST_TEST(n[0] == -1);
  BOOST_TEST(n[1] == 11);

  // One head of one channel: token 0 sees values 1 and 3 with equal weights; token 1 weighs them 1 : e^2.
  const float qkv[] = {0, 0, 1, 2, 1, 3};
  const std::int64_t offsets[] = {0, 2};
  float out[2];
  reference::attention({{qkv, 2, 3}, offsets, 1}, {out, 2, 1});
  BOOST_TEST(out[0] == 2);
  BOOST_TEST(out[1] == static_cast<float>((1 + 3 * std::exp(2.0)) / (1 + std::exp(2.0))));
  // A bias towards the key before the query (distance -1) undoes the second query's preference.
  const float bias[] = {2, 0, 0};
  reference::attention({{qkv, 2, 3}, offsets, 1, bias}, {out, 2, 1});
  BOOST_TEST(out[0] == 2);
  BOOST_TEST(out[1] == 2);

  const float rows[] = {2, 4, 4, 4, 9, -5};
  const auto pooled = [&](Pooling pooling, std::int64_t from) {
    std::vector<float> result(2);
    reference::pool(pooling, {rows, 3, 2}, from, result);
    return result;
  };
  BOOST_TEST((pooled(Pooling::first, 0) == std::vector<float>{2, 4}));
  BOOST_TEST((pooled(Pooling::first, 1) == std::vector<float>{4, 4}));
  BOOST_TEST((pooled(Pooling::last, 0) == std::vector<float>{9, -5}));
  BOOST_TEST((pooled(Pooling::max, 0) == std::vector<float>{9, 4}));
  BOOST_TEST((pooled(Pooling::max, 2) == std::vector<float>{9, -5}));
  BOOST_TEST((pooled(Pooling::mean, 0) == std::vector<float>{5, 1}));
  BOOST_TEST((pooled(Pooling::mean_sqrt_length, 2) == std::vector<float>{9, -5}));
  BOOST_TEST(pooled(Pooling::mean_sqrt_length, 0)[0] == static_cast<float>(15 / std::sqrt(3.0)));
  BOOST_TEST((pooled(Pooling::weighted_mean, 1) == std::vector<float>{7, -1.4F}));  // weights 2 and 3
  float vector[] = {3, -4};
  reference::normalise(vector);
  BOOST_TEST(vector[0] == 0.6F);
  BOOST_TEST(vector[1] == -0.8F);

  float a[] = {1, -1};
  reference::activate(Activation::gelu_tanh, a);
  BOOST_TEST(a[0] == 0.841191990F);  // (1 + tanh(0.833592)) / 2
  reference::activate(Activation::relu, a);
  BOOST_TEST(a[1] == 0);
}

BOOST_AUTO_TEST_CASE(linear_agrees_with_the_reference) {
  for (const int rows : {1, 16, 33, 48}) {
    for (const auto& [k, n] : {std::pair{16, 16}, {48, 80}, {384, 1152}, {1536, 384}}) {
      const Block w(n, k, 1), b(1, n, 2), x(rows, k, 3);
      Block expected(rows, n), y(rows, n);
      reference::linear({w.read(), b.floats.span()}, x.read(), expected.view());
      cpu::LinearContext context;
      cpu::PackedLinear({w.read(), b.floats.span()}, rows).apply(context, x.floats.data(), y.floats.data());
      BOOST_TEST(worst(y, expected) <= 8 * std::ldexp(std::sqrt(k), -23) * k / 3,
                 rows << " x " << k << " x " << n);
    }
  }
}

BOOST_AUTO_TEST_CASE(linear_gives_a_row_the_same_bits_at_every_place_and_on_every_thread) { check_places(); }

BOOST_AUTO_TEST_CASE(activations_agree_with_the_reference) {
  for (const auto activation : {Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
    Block x(1, 200'000);
    for (std::int64_t i = 0; i < x.cols; ++i) x.floats.data()[i] = static_cast<float>(i - 100'000) * 1e-4F;
    Block expected = copy(x);
    reference::activate(activation, expected.floats.span());
    cpu::activate(activation, x.floats.span());
    BOOST_TEST(worst(x, expected) <= 2e-6, "activation " << static_cast<int>(activation));
  }
}

BOOST_AUTO_TEST_CASE(layer_norm_agrees_with_the_reference) {
  for (const int cols : {16, 48, 384, 1024}) {
    const Block scale(1, cols, 1), shift(1, cols, 2), added(33, cols, 3);
    const LayerNorm norm{scale.floats.span(), shift.floats.span(), 1e-12F};
    for (const bool with : {false, true}) {
      Block x(33, cols, 4);
      for (float& v : x.floats.span()) v += 100.0F;  // a mean far from 0 is what a one-pass variance fails on
      Block expected = copy(x);
      const auto add = with ? added.read() : MatrixView<const float>{};
      reference::layer_norm(norm, add, expected.view());
      cpu::layer_norm(norm, add, x.view());
      // A float near 100 is known to 4e-6, and the deviation of these rows is 0.6.
      BOOST_TEST(worst(x, expected) <= 5e-5, cols << (with ? " with" : " without"));
    }
  }
}

BOOST_AUTO_TEST_CASE(attention_agrees_with_the_reference) {
  for (const auto& [heads, size] : {std::pair{1, 16}, {3, 32}, {2, 64}, {1, 48}}) {
    const auto offsets = offsets_of({1, 2, 0, 7, 8, 9, 31, 32, 33, 100});
    Block qkv(offsets.back() + 3, 3 * heads * size, 5);
    for (float& v : qkv.floats.span()) v *= 6.0F;  // sharp softmax as well as flat
    Block expected(qkv.rows, heads * size);
    reference::attention({qkv.read(), offsets, heads}, expected.view());
    BOOST_TEST(worst(attend(qkv, offsets, heads), expected) <= 6e-5, heads << " heads of " << size);
    for (const int longest : {100, 130}) {
      Block bias(heads, 2 * longest - 1, 6);
      for (float& v : bias.floats.span()) v *= 4.0F;
      reference::attention({qkv.read(), offsets, heads, bias.floats.span()}, expected.view());
      BOOST_TEST(worst(attend(qkv, offsets, heads, bias.floats.span()), expected) <= 6e-5,
                 heads << " heads of " << size << ", bias for " << longest);
    }
  }
}

BOOST_AUTO_TEST_CASE(attention_gives_a_sequence_the_same_bits_at_every_place) {
  const Block alone(37, 3 * 64, 7);
  const auto expected = attend(alone, offsets_of({37}), 2);
  for (const std::int64_t before : {1, 5, 32, 77}) {
    Block qkv(before + 37 + 9, 3 * 64, 8);
    std::copy(alone.floats.span().begin(), alone.floats.span().end(), qkv.view().row(before).begin());
    const auto out = attend(qkv, offsets_of({before, 37, 9}), 2);
    BOOST_TEST(same_bits(out.view().row(before).data(), expected.floats.data(), 37 * 64),
               "after " << before << " rows");
  }
}

BOOST_AUTO_TEST_CASE(pooling_agrees_with_the_reference) {
  for (const auto pooling : {Pooling::first, Pooling::max, Pooling::mean, Pooling::mean_sqrt_length,
                             Pooling::weighted_mean, Pooling::last}) {
    for (const auto& [rows, from] : {std::pair{1, 0}, {2, 1}, {256, 0}, {37, 5}}) {
      const Block x(rows, 48, 9);
      Block expected(1, 48), out(1, 48);
      reference::pool(pooling, x.read(), from, expected.floats.span());
      cpu::pool(pooling, x.read(), from, out.floats.span());
      BOOST_TEST(worst(out, expected) <= (pooling == Pooling::mean_sqrt_length ? 16e-6 : 1e-6),
                 "pooling " << static_cast<int>(pooling) << " of " << rows << " rows from " << from);
    }
  }
}

BOOST_AUTO_TEST_CASE(normalising_agrees_with_the_reference) {
  for (const int size : {1, 5, 16, 33, 384}) {
    Block x(1, size, 4), expected = copy(x);
    reference::normalise(expected.floats.span());
    cpu::normalise(x.floats.span());
    BOOST_TEST(worst(x, expected) <= 1e-6, size);
  }
  Block zero(1, 16);
  cpu::normalise(zero.floats.span());
  BOOST_TEST(worst(zero, Block(1, 16)) == 0);
}

BOOST_AUTO_TEST_CASE(numeric_class_follows_the_environment_and_can_only_sink) {
  ::setenv("DNNL_MAX_CPU_ISA", "AVX2", 1);
  const auto name = cpu::numeric_class();
  BOOST_TEST((name == "avx2" || name == "sse4"));
  BOOST_CHECK_NO_THROW(cpu::limit_numeric_class(name));
  BOOST_CHECK_THROW(cpu::limit_numeric_class("avx512"), InternalError);
  BOOST_CHECK_THROW(cpu::limit_numeric_class("mmx"), InternalError);
}

BOOST_AUTO_TEST_CASE(numeric_class_can_be_limited_before_the_first_kernel) {
  cpu::limit_numeric_class("sse4");
  BOOST_TEST(cpu::numeric_class() == "sse4");
  Block x(1, 64, 1), expected = copy(x);
  reference::gelu(expected.floats.span());
  cpu::gelu(x.floats.span());
  BOOST_TEST(worst(x, expected) <= 2e-6);
}

BOOST_AUTO_TEST_CASE(linear_keeps_its_bits_without_avx512_too) {
  // CTest runs each case in a process of its own, so this one may choose before the first kernel runs.
  ::setenv("DNNL_MAX_CPU_ISA", "AVX2", 1);
  if (cpu::numeric_class() == "sse4") test::skip("this processor has no AVX2");
  BOOST_TEST(cpu::numeric_class() == "avx2");
  check_places();
}
