#pragma once
#include <cublasLt.h>

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

#include "base/dynamic_library.hpp"
#include "device/accelerator.hpp"

namespace dream::device {

/// The entry points of cuBLASLt that we use, found when the program runs. Throws Error with exit code
/// `device` where the library, or one of them, is missing.
struct CublasTable {
  CublasTable();
  DynamicLibrary library;
  decltype(&cublasLtCreate) create;
  decltype(&cublasLtDestroy) destroy;
  decltype(&cublasLtGetVersion) version;
  decltype(&cublasLtGetStatusString) status_text;
  decltype(&cublasLtMatmulDescCreate) desc_create;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set;
  decltype(&cublasLtMatrixLayoutCreate) layout_create;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic;
  decltype(&cublasLtMatmul) matmul;

  /// Throws Error with exit code `device` unless the status is success.
  void check(cublasStatus_t status, const char* call) const;
};

/// Products of one GPU and one stream. How a shape is multiplied is chosen when it is first seen.
class Cublas {
 public:
  /// workspace: of the GPU, on a boundary of 256 bytes.
  Cublas(Memory workspace, std::int64_t workspace_bytes);
  ~Cublas();
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;
  void multiply(const Product& product, kernels::Element element, cudaStream_t stream);
  /// As 130101: 13.1.1.
  [[nodiscard]] std::size_t version() const { return table_.version(); }

 private:
  struct Plan;
  /// Rows, inputs, outputs; whether there is a bias, and whether floats come out.
  using Shape =
      std::tuple<std::int64_t, std::int64_t, std::int64_t, kernels::Then, kernels::Element, bool, bool>;
  [[nodiscard]] std::unique_ptr<Plan> make_plan(const Product& product, kernels::Element element) const;

  CublasTable table_;
  Memory workspace_;
  std::int64_t workspace_bytes_;
  cublasLtHandle_t handle_ = nullptr;
  std::map<Shape, std::unique_ptr<Plan>> plans_;
};

}  // namespace dream::device
