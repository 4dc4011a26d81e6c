#pragma once
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/api/device_kernels.hpp"
#include "tests/support/test.hpp"

/// What tests of the GPU's kernels share. A missing barrier shows when the threads of a block run in the
/// other order.
namespace dream::test {

using namespace dream::kernels;

inline constexpr std::array elements{Element::fp32, Element::bf16, Element::fp16};

inline std::vector<float> numbers(std::int64_t count, unsigned seed, float scale = 1) {
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

inline double worst(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double off = std::abs(double{a[i]} - b[i]);
    if (!(off <= most)) most = off;  // also when it is no number
  }
  return most;
}

/// How far a stored value of that size may be off by its rounding alone, both sides being rounded.
inline double rounding(Element element, double size) {
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

inline const DeviceKernels& kernels_of_twin() { return twin::device_kernels(); }

}  // namespace dream::test
