#include "kernels/api/numeric_class.hpp"

#include <hwy/targets.h>

#include <atomic>
#include <dnnl.hpp>
#include <mutex>

#include "base/errors.hpp"
#include "kernels/cpu/dispatch.hpp"

namespace dream::kernels::cpu {
namespace {

/// Both libraries keep their choice for the whole process, so ours is one for the process too.
struct Choice {
  std::mutex mutex;
  std::atomic<bool> settled{false};
  std::string name;
};

Choice& choice() {
  static Choice the_choice;
  return the_choice;
}

constexpr std::int64_t sse4_targets = HWY_SSE4 | HWY_SSSE3;
constexpr std::int64_t avx512_targets = HWY_AVX3 | HWY_AVX3_DL;

std::string best_of_onednn() {
  // The values are sets of features, each containing those below it.
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto has = [&](dnnl::cpu_isa wanted) {
    return (isa & static_cast<unsigned>(wanted)) == static_cast<unsigned>(wanted);
  };
  return has(dnnl::cpu_isa::avx512_core) ? "avx512" : has(dnnl::cpu_isa::avx2) ? "avx2" : "sse4";
}

std::string best_of_highway() {
  const auto targets = hwy::SupportedTargets();
  return (targets & avx512_targets) != 0 ? "avx512" : (targets & HWY_AVX2) != 0 ? "avx2" : "sse4";
}

int rank_of(std::string_view name) {
  return name == "avx512" ? 2 : name == "avx2" ? 1 : name == "sse4" ? 0 : -1;
}

void settle_locked(Choice& the) {
  const auto onednn = best_of_onednn();
  const auto highway = best_of_highway();
  the.name = rank_of(onednn) < rank_of(highway) ? onednn : highway;
  if (the.name != "avx512") hwy::DisableTargets(avx512_targets);
  if (the.name == "sse4") hwy::DisableTargets(HWY_AVX2);
  the.settled.store(true, std::memory_order_release);
}

}  // namespace

void settle_targets() {
  auto& the = choice();
  if (the.settled.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(the.mutex);
  if (!the.settled) settle_locked(the);
}

std::string numeric_class() {
  settle_targets();
  return choice().name;
}

std::string gemm_library() {
  const auto* version = dnnl::version();
  return "oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
         std::to_string(version->patch);
}

void limit_numeric_class(std::string_view name) {
  DREAM_CHECK(rank_of(name) >= 0, "unknown numeric class " + std::string(name));
  auto& the = choice();
  const std::lock_guard lock(the.mutex);
  if (!the.settled) {
    const auto isa = name == "avx512" ? dnnl::cpu_isa::avx512_core_amx
                     : name == "avx2" ? dnnl::cpu_isa::avx2
                                      : dnnl::cpu_isa::sse41;
    if (name != "avx512")
      DREAM_CHECK(dnnl::set_max_cpu_isa(isa) == dnnl::status::success,
                  "the instruction set is limited too late");
    settle_locked(the);
  }
  DREAM_CHECK(the.name == name,
              "the numeric class is " + the.name + " here and cannot become " + std::string(name));
}

}  // namespace dream::kernels::cpu
