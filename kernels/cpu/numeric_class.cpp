#include "kernels/api/numeric_class.hpp"

#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include "base/errors.hpp"
#include "kernels/cpu/dispatch.hpp"

namespace dream::kernels {

std::string_view name_of(Precision precision) {
  return precision == Precision::fp32 ? "fp32" : precision == Precision::bf16 ? "bf16" : "int8";
}

namespace cpu {
namespace {

/// Changes with anything that changes a bit of a result.
constexpr int kernels_version = 2;

#if defined(__x86_64__)
constexpr std::array<std::string_view, 4> classes{"sse4", "avx2", "avx512", "avx512_bf16"};
#else
constexpr std::array<std::string_view, 1> classes{"neon"};
#endif
constexpr std::string_view dot_products = "avx512_bf16";

/// Highway keeps its choice for the whole process, so ours is one for the process too.
struct Choice {
  std::mutex mutex;
  std::atomic<bool> settled{false};
  std::ptrdiff_t rank = 0;  ///< in classes
};

Choice& choice() {
  static Choice the_choice;
  return the_choice;
}

constexpr std::int64_t avx512_targets = HWY_AVX3 | HWY_AVX3_DL;

/// -1 for an unknown name.
std::ptrdiff_t rank_of(std::string_view name) {
  const auto* at = std::ranges::find(classes, name);
  return at == classes.end() ? -1 : at - classes.begin();
}

std::ptrdiff_t best_of_processor() {
#if defined(__x86_64__)
  const auto targets = hwy::SupportedTargets();
  if ((targets & avx512_targets) != 0)
    return __builtin_cpu_supports("avx512bf16") > 0 && __builtin_cpu_supports("avx512vnni") > 0 ? 3 : 2;
  return (targets & HWY_AVX2) != 0 ? 1 : 0;
#else
  return 0;
#endif
}

std::ptrdiff_t most_of_environment() {
  const char* const name = std::getenv("DREAM_MAX_CPU_ISA");
  if (name == nullptr || *name == 0) return std::ssize(classes) - 1;
  const auto rank = rank_of(name);
  if (rank >= 0) return rank;
  std::string known;
  for (const auto one : classes) known += (known.empty() ? "" : ", ") + std::string(one);
  throw ConfigError("DREAM_MAX_CPU_ISA = \"" + std::string(name) +
                    "\" in the environment; on this processor use one of " + known + ", or unset it");
}

void settle_locked(Choice& the, std::ptrdiff_t most) {
  the.rank = std::min({best_of_processor(), most_of_environment(), most});
  if (the.rank < 2) hwy::DisableTargets(avx512_targets);
  if (the.rank < 1) hwy::DisableTargets(HWY_AVX2);
  the.settled.store(true, std::memory_order_release);
}

}  // namespace

void settle_targets() {
  auto& the = choice();
  if (the.settled.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(the.mutex);
  if (!the.settled) settle_locked(the, std::ssize(classes) - 1);
}

std::span<const std::string_view> numeric_classes() { return classes; }

std::string numeric_class() {
  settle_targets();
  return std::string(classes.at(static_cast<std::size_t>(choice().rank)));
}

bool supports(Precision precision) { return precision == Precision::fp32 || numeric_class() == dot_products; }

std::string numeric_identity(Precision precision) {
  const auto used =
      precision == Precision::fp32 && numeric_class() == dot_products ? "avx512" : numeric_class();
  return "kernels " + std::to_string(kernels_version) + " " + used;
}

void limit_numeric_class(std::string_view name) {
  const auto rank = rank_of(name);
  DREAM_CHECK(rank >= 0, "unknown numeric class " + std::string(name));
  auto& the = choice();
  {
    const std::lock_guard lock(the.mutex);
    if (!the.settled) settle_locked(the, rank);
  }
  DREAM_CHECK(the.rank == rank,
              "the numeric class is " + numeric_class() + " here and cannot become " + std::string(name));
}

}  // namespace cpu
}  // namespace dream::kernels
