// The reference against numbers worked out by hand, and the CPU backend against the reference over awkward
// sizes.
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "kernels/api/aligned.hpp"
#include "kernels/api/attention.hpp"
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

/// The values as rows that a kernel of that precision reads: floats, bfloat16, or bytes with their scale.
AlignedBytes as_input(const Block& x, Precision precision) {
  AlignedBytes halves(x.rows * row_bytes(Precision::bf16, x.cols)),
      out(x.rows * row_bytes(precision, x.cols));
  if (precision == Precision::fp32) {
    std::memcpy(out.data(), x.floats.data(), static_cast<std::size_t>(x.rows * x.cols) * 4);
    return out;
  }
  for (std::int64_t i = 0; i < x.rows * x.cols; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(x.floats.data()[i]) + 0x8000U;
    const auto half = static_cast<std::uint16_t>(bits >> 16U);
    std::memcpy(halves.data() + 2 * i, &half, 2);
  }
  if (precision == Precision::bf16) return halves;
  cpu::quantise(halves.data(), x.rows, x.cols, out.data());
  return out;
}

/// The elements that a kernel of that precision wrote.
Block as_floats(const std::byte* data, std::int64_t rows, std::int64_t cols, Precision precision) {
  Block result(rows, cols);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    std::uint32_t bits = 0;
    if (precision == Precision::fp32)
      std::memcpy(&bits, data + 4 * i, 4);
    else
      std::memcpy(reinterpret_cast<std::byte*>(&bits) + 2, data + 2 * i, 2);
    result.floats.data()[i] = std::bit_cast<float>(bits);
  }
  return result;
}

std::vector<Precision> precisions() {
  std::vector<Precision> result{Precision::fp32};
  if (cpu::supports(Precision::bf16)) result.insert(result.end(), {Precision::bf16, Precision::int8});
  return result;
}

Block apply(const cpu::PackedLinear& layer, const Block& x, Then then, const Block& before) {
  const auto in = as_input(x, layer.precision());
  AlignedBytes y(x.rows * layer.outputs() * 4);
  if (then == Then::add) std::memcpy(y.data(), before.floats.data(), static_cast<std::size_t>(y.size()));
  layer.apply(in.data(), x.rows, then, y.data());
  return as_floats(y.data(), x.rows, layer.outputs(),
                   then == Then::add ? Precision::fp32 : layer.precision());
}

/// Attention of the CPU backend on sequences of these lengths.
Block attend(const Block& qkv, Precision precision, const Attention& args) {
  const auto element = precision == Precision::fp32 ? Precision::fp32 : Precision::bf16;
  const auto in = as_input(qkv, element);
  AlignedBytes out(qkv.rows * args.channels * 4);
  AlignedBytes scratch(cpu::attention_scratch(qkv.rows, args.channels / args.heads));
  cpu::attention(args, precision, in.data(), out.data(), scratch.span());
  return as_floats(out.data(), qkv.rows, args.channels, element);
}

/// One row at every place of calls of several sizes, each on a new thread, among other rows.
void check_places(Precision precision) {
  for (const auto& [k, n] : {std::pair{384, 1152}, {1536, 384}, {48, 80}}) {
    const Block w(n, k, 1), b(1, n, 2), one(1, k, 3);
    const cpu::PackedLinear packed({w.read(), b.floats.span()}, precision);
    Block first(1, n);
    bool started = false;
    for (const int rows : {1, 2, 13, 15, 64}) {
      const Block x(rows, k, 4);
      for (int place = 0; place < rows; place += 3) {
        Block moved = copy(x), y(0, n);
        std::copy(one.floats.span().begin(), one.floats.span().end(), moved.view().row(place).begin());
        std::thread([&] { y = apply(packed, moved, Then::gelu, {0, 0}); }).join();
        const float* row = y.view().row(place).data();
        if (!started) std::copy(row, row + n, first.floats.data());
        started = true;
        BOOST_TEST(same_bits(row, first.floats.data(), n),
                   name_of(precision) << ", " << k << " x " << n << ", place " << place << " of " << rows);
      }
    }
  }
}

void check_attention() {
  for (const auto& [heads, size] : {std::pair{1, 16}, {3, 32}, {2, 64}, {1, 48}}) {
    const auto offsets = offsets_of({1, 2, 0, 7, 8, 9, 14, 15, 31, 32, 33, 100});
    Block qkv(offsets.back() + 3, 3 * heads * size, 5);
    for (float& v : qkv.floats.span()) v *= 6.0F;  // sharp softmax as well as flat
    const Block values(heads, 2 * 100 - 1, 6);
    for (const bool biased : {false, true}) {
      const Attention args{offsets, heads * size, heads, biased ? values.floats.span() : std::span<float>{}};
      Block expected(qkv.rows, heads * size);
      reference::attention(args, qkv.floats.data(), expected.floats.data());
      for (const auto precision : precisions())
        BOOST_TEST(
            worst(attend(qkv, precision, args), expected) <= (precision == Precision::fp32 ? 6e-5 : 0.6),
            name_of(precision) << ' ' << heads << " heads of " << size << " bias " << biased);
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

  const float unit[] = {1}, none[] = {0}, g[] = {0, 1, -1};
  float gelu[3];
  reference::linear({{unit, 1, 1}, none}, {g, 3, 1}, {gelu, 3, 1}, Then::gelu);
  BOOST_TEST(gelu[0] == 0);
  BOOST_TEST(gelu[1] == 0.841344746F);  // the normal distribution's share below one sigma
  BOOST_TEST(gelu[2] == -0.158655254F);

  float n[] = {1, 5};
  const float scale[] = {1, 10}, shift[] = {0, 1};
  reference::layer_norm({scale, shift, 0}, {n, 1, 2});  // mean 3, deviation 2
  BOOST_TEST(n[0] == -1);
  BOOST_TEST(n[1] == 11);

  // One head of one channel: token 0 sees values 1 and 3 with equal weights; token 1 weighs them 1 : e^2.
  const float qkv[] = {0, 0, 1, 2, 1, 3};
  const std::int64_t offsets[] = {0, 2};
  float out[2];
  reference::attention({offsets, 1, 1}, qkv, out);
  BOOST_TEST(out[0] == 2);
  BOOST_TEST(out[1] == static_cast<float>((1 + 3 * std::exp(2.0)) / (1 + std::exp(2.0))));

  // With 2 more for the key to the right and 2 less for the one to the left: e^2 to 1, and 1 to 1.
  const float bias[] = {-2, 0, 2};
  reference::attention({offsets, 1, 1, bias}, qkv, out);
  BOOST_TEST(out[0] == static_cast<float>((1 + 3 * std::exp(2.0)) / (1 + std::exp(2.0))));
  BOOST_TEST(out[1] == static_cast<float>((1 + 3 * std::exp(4.0)) / (1 + std::exp(4.0))));

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

  reference::linear({{unit, 1, 1}, none}, {g, 3, 1}, {gelu, 3, 1}, Then::gelu_tanh);
  BOOST_TEST(gelu[1] == 0.841191990F);  // (1 + tanh(0.833592)) / 2
  reference::linear({{unit, 1, 1}, none}, {g, 3, 1}, {gelu, 3, 1}, Then::relu);
  BOOST_TEST(gelu[2] == 0);
}

BOOST_AUTO_TEST_CASE(linear_agrees_with_the_reference) {
  for (const auto precision : precisions()) {
    for (const int rows : {1, 5, 14, 15, 33}) {
      for (const auto& [k, n] : {std::pair{16, 16}, {48, 80}, {384, 1152}, {1536, 384}}) {
        for (const auto then : {Then::store, Then::gelu, Then::gelu_tanh, Then::relu, Then::add}) {
          const Block w(n, k, 1), b(1, n, 2), x(rows, k, 3);
          const Block before(rows, n, 4);
          Block expected = copy(before);
          reference::linear({w.read(), b.floats.span()}, x.read(), expected.view(), then);
          const cpu::PackedLinear packed({w.read(), b.floats.span()}, precision);
          const auto y = apply(packed, x, then, before);
          // A sum of k products of numbers spread over [-1, 1) is near sqrt(k) / 3; its error is that of each
          // product times sqrt(k), and a result stored as bfloat16 is off by 2^-9 of itself.
          const double spread = std::sqrt(k);
          const double bound = precision == Precision::fp32   ? 8 * std::ldexp(spread, -23) * k / 3
                               : precision == Precision::bf16 ? spread * (0.004 * 2 + 0.012)
                                                              : spread * (0.008 * 2 + 0.012);
          BOOST_TEST(worst(y, expected) <= bound, name_of(precision)
                                                      << ' ' << rows << " x " << k << " x " << n);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(linear_gives_a_row_the_same_bits_at_every_place_and_on_every_thread) {
  for (const auto precision : precisions()) check_places(precision);
}

BOOST_AUTO_TEST_CASE(both_gelus_agree_with_the_reference) {
  Block identity(16, 16), none(1, 16), x(12'500, 16);
  for (int i = 0; i < 16; ++i) identity.floats.data()[17 * i] = 1;
  for (std::int64_t i = 0; i < 200'000; ++i) x.floats.data()[i] = static_cast<float>(i - 100'000) * 1e-4F;
  const LinearWeights weights{identity.read(), none.floats.span()};
  for (const auto then : {Then::gelu, Then::gelu_tanh}) {
    Block expected(x.rows, 16);
    reference::linear(weights, x.read(), expected.view(), then);
    BOOST_TEST(worst(apply(cpu::PackedLinear(weights, Precision::fp32), x, then, none), expected) <= 2e-6);
  }
}

BOOST_AUTO_TEST_CASE(bytes_span_each_row_from_its_least_to_its_greatest) {
  if (!cpu::supports(Precision::int8)) test::skip("this processor has no int8 kernels");
  Block x(3, 64, 5);
  for (float& v : x.view().row(1)) v = 0.5F;  // a row without any range
  x.view().row(2)[7] = 100;                   // an outlier spoils its own row only
  const auto bytes = as_input(x, Precision::int8);
  for (const std::int64_t r : {0, 1, 2}) {
    const auto* row = bytes.data() + r * row_bytes(Precision::int8, 64);
    float own[2];
    std::memcpy(own, row + 64, sizeof own);
    for (std::size_t i = 0; i < 64; ++i) {
      const double value = own[1] + own[0] * static_cast<float>(std::to_integer<int>(row[i]));
      BOOST_TEST(std::abs(value - x.view().row(r)[i]) <= own[0] * 0.51 + 0.004, "row " << r);
    }
    BOOST_TEST(own[0] <= (r == 2 ? 0.4 : 0.008));
  }
}

BOOST_AUTO_TEST_CASE(layer_norm_agrees_with_the_reference) {
  for (const int cols : {16, 48, 384, 1024}) {
    const Block scale(1, cols, 1), shift(1, cols, 2);
    const LayerNorm norm{scale.floats.span(), shift.floats.span(), 1e-12F};
    Block x(33, cols, 4);
    for (float& v : x.floats.span()) v += 100.0F;  // a mean far from 0 is what a one-pass variance fails on
    const Block original = copy(x);
    Block expected = copy(x);
    reference::layer_norm(norm, expected.view());
    for (const auto precision : precisions()) {
      x = copy(original);
      AlignedBytes rounded(x.rows * row_bytes(precision, cols));
      cpu::layer_norm(norm, x.view(), precision, rounded.data());
      // A float near 100 is known to 4e-6, and the deviation of these rows is 0.6.
      BOOST_TEST(worst(x, expected) <= 5e-5, cols);
      if (precision == Precision::bf16)
        BOOST_TEST(worst(as_floats(rounded.data(), x.rows, cols, precision), expected) <= 0.01);
      if (precision == Precision::int8) {
        for (std::int64_t r = 0; r < x.rows; ++r) {
          const auto* row = rounded.data() + r * row_bytes(precision, cols);
          float own[2];
          std::memcpy(own, row + cols, sizeof own);
          const double last = own[1] + own[0] * static_cast<float>(std::to_integer<int>(row[cols - 1]));
          BOOST_TEST(std::abs(last - expected.view().row(r).back()) <= own[0] * 0.51);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(attention_agrees_with_the_reference) { check_attention(); }

BOOST_AUTO_TEST_CASE(attention_gives_a_sequence_the_same_bits_at_every_place) {
  const Block alone(37, 3 * 64, 7);
  for (const auto precision : precisions()) {
    const auto expected = attend(alone, precision, {offsets_of({37}), 64, 2});
    for (const std::int64_t before : {1, 5, 32, 77}) {
      Block qkv(before + 37 + 9, 3 * 64, 8);
      std::copy(alone.floats.span().begin(), alone.floats.span().end(), qkv.view().row(before).begin());
      const auto out = attend(qkv, precision, {offsets_of({before, 37, 9}), 64, 2});
      BOOST_TEST(same_bits(out.view().row(before).data(), expected.floats.data(), 37 * 64),
                 "after " << before << " rows");
    }
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
  if (cpu::numeric_classes().size() == 1) test::skip("processors of this kind have one class");
  ::setenv("DREAM_MAX_CPU_ISA", "avx2", 1);
  const auto name = cpu::numeric_class();
  BOOST_TEST((name == "avx2" || name == "sse4"));
  BOOST_TEST(!cpu::supports(Precision::bf16));
  BOOST_CHECK_NO_THROW(cpu::limit_numeric_class(name));
  BOOST_CHECK_THROW(cpu::limit_numeric_class("avx512"), InternalError);
  BOOST_CHECK_THROW(cpu::limit_numeric_class("mmx"), InternalError);
}

BOOST_AUTO_TEST_CASE(a_class_that_nobody_knows_in_the_environment_is_an_error) {
  ::setenv("DREAM_MAX_CPU_ISA", "AVX-2", 1);
  BOOST_CHECK_THROW((void)cpu::numeric_class(), ConfigError);
}

BOOST_AUTO_TEST_CASE(bf16_where_it_cannot_run_is_refused) {
  cpu::limit_numeric_class(cpu::numeric_classes().front());
  const Block w(16, 16, 1), b(1, 16, 2);
  BOOST_CHECK_THROW(cpu::PackedLinear({w.read(), b.floats.span()}, Precision::bf16), InternalError);
}

// CTest runs each case in a process of its own, so these may choose before the first kernel runs.
BOOST_AUTO_TEST_CASE(kernels_agree_with_the_reference_and_keep_their_bits_with_the_least_class) {
  cpu::limit_numeric_class(cpu::numeric_classes().front());
  BOOST_TEST(cpu::numeric_class() == cpu::numeric_classes().front());
  check_places(Precision::fp32);
  check_attention();
}

BOOST_AUTO_TEST_CASE(kernels_agree_with_the_reference_and_keep_their_bits_with_avx2) {
  if (cpu::numeric_classes().size() == 1) test::skip("processors of this kind have one class");
  ::setenv("DREAM_MAX_CPU_ISA", "avx2", 1);
  if (cpu::numeric_class() == "sse4") test::skip("this processor has no AVX2");
  BOOST_TEST(cpu::numeric_class() == "avx2");
  check_places(Precision::fp32);
  check_attention();
}

BOOST_AUTO_TEST_CASE(float32_has_the_same_bits_with_and_without_dot_products) {
  const auto with = cpu::numeric_identity(Precision::fp32);
  BOOST_TEST(with.find("bf16") == std::string::npos);
  if (cpu::supports(Precision::bf16)) BOOST_TEST(cpu::numeric_identity(Precision::bf16) != with);
}
