#include "device/cublas.hpp"

#include <fmt/format.h>

#include <array>

#include "base/errors.hpp"

namespace dream::device {
namespace {

using kernels::Element;
using kernels::Then;

/// That of the headers that this was compiled with: another one may have other structs.
constexpr std::array<std::string_view, 2> names{"libcublasLt.so." DREAM_CUDA_MAJOR,
                                                "/usr/local/cuda/lib64/libcublasLt.so." DREAM_CUDA_MAJOR};

cudaDataType_t type_of(Element element) {
  return element == Element::fp32 ? CUDA_R_32F : element == Element::bf16 ? CUDA_R_16BF : CUDA_R_16F;
}

cublasLtEpilogue_t epilogue_of(Then then) {
  switch (then) {
    case Then::store:
      return CUBLASLT_EPILOGUE_BIAS;
    case Then::relu:
      return CUBLASLT_EPILOGUE_RELU_BIAS;
    case Then::gelu_tanh:
      return CUBLASLT_EPILOGUE_GELU_BIAS;
    case Then::gelu:
    case Then::add:
      break;
  }
  throw InternalError("cuBLASLt has no such epilogue");
}

}  // namespace

CublasTable::CublasTable() : library(names, "matrix products on a GPU") {
  const auto find = [this](auto& entry, const char* name) {
    entry = library.symbol<std::remove_pointer_t<std::remove_reference_t<decltype(entry)>>>(name);
  };
  find(create, "cublasLtCreate");
  find(destroy, "cublasLtDestroy");
  find(version, "cublasLtGetVersion");
  find(status_text, "cublasLtGetStatusString");
  find(desc_create, "cublasLtMatmulDescCreate");
  find(desc_destroy, "cublasLtMatmulDescDestroy");
  find(desc_set, "cublasLtMatmulDescSetAttribute");
  find(layout_create, "cublasLtMatrixLayoutCreate");
  find(layout_destroy, "cublasLtMatrixLayoutDestroy");
  find(preference_create, "cublasLtMatmulPreferenceCreate");
  find(preference_destroy, "cublasLtMatmulPreferenceDestroy");
  find(preference_set, "cublasLtMatmulPreferenceSetAttribute");
  find(heuristic, "cublasLtMatmulAlgoGetHeuristic");
  find(matmul, "cublasLtMatmul");
}

void CublasTable::check(cublasStatus_t status, const char* call) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(ExitCode::device, fmt::format("{}: {} (code {}; {}, version {})", call, status_text(status),
                                            static_cast<int>(status), library.path(), version()));
}

/// cuBLASLt counts by columns, so it sees our matrices turned: y^T (N, rows) = W (N, K) x^T (K, rows), where
/// W, read by columns, is (K, N) and has to be turned.
struct Cublas::Plan {
  const CublasTable& table;
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t weights = nullptr, x = nullptr, y = nullptr;
  cublasLtMatmulAlgo_t algorithm{};

  Plan(const CublasTable& of, const Product& product, Element element) : table(of) {
    const auto size = [](std::int64_t n) { return static_cast<std::uint64_t>(n); };
    const auto& [rows, k, n] = std::tie(product.rows, product.inputs, product.outputs);
    const auto type = type_of(element);
    table.check(table.desc_create(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
    set(CUBLASLT_MATMUL_DESC_TRANSB, CUBLAS_OP_N);
    if (product.bias != nullptr) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(product.then));
      set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, type);
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, product.bias);
    }
    const auto layout = [&](cublasLtMatrixLayout_t& to, cudaDataType_t of_what, std::int64_t height,
                            std::int64_t width) {
      table.check(table.layout_create(&to, of_what, size(height), size(width), height),
                  "cublasLtMatrixLayoutCreate");
    };
    layout(weights, type, k, n);
    layout(x, type, k, rows);
    layout(y, product.to_floats ? CUDA_R_32F : type, n, rows);
  }
  ~Plan() {
    for (auto* const one : {weights, x, y})
      if (one != nullptr) table.layout_destroy(one);
    if (operation != nullptr) table.desc_destroy(operation);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) const {
    table.check(table.desc_set(operation, attribute, &value, sizeof value), "cublasLtMatmulDescSetAttribute");
  }
};

Cublas::Cublas(Memory workspace, std::int64_t workspace_bytes)
    : workspace_(std::move(workspace)), workspace_bytes_(workspace_bytes) {
  table_.check(table_.create(&handle_), "cublasLtCreate");
}

Cublas::~Cublas() {
  plans_.clear();
  table_.destroy(handle_);
}

std::unique_ptr<Cublas::Plan> Cublas::make_plan(const Product& product, Element element) const {
  auto plan = std::make_unique<Plan>(table_, product, element);
  cublasLtMatmulPreference_t made = nullptr;
  table_.check(table_.preference_create(&made), "cublasLtMatmulPreferenceCreate");
  const std::unique_ptr<std::remove_pointer_t<cublasLtMatmulPreference_t>,
                        decltype(table_.preference_destroy)>
      preference(made, table_.preference_destroy);
  const auto most = static_cast<std::size_t>(workspace_bytes_);
  table_.check(table_.preference_set(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most, sizeof most),
               "cublasLtMatmulPreferenceSetAttribute");
  cublasLtMatmulHeuristicResult_t found{};
  int count = 0;
  table_.check(table_.heuristic(handle_, plan->operation, plan->weights, plan->x, plan->y, plan->y, made, 1,
                                &found, &count),
               "cublasLtMatmulAlgoGetHeuristic");
  if (count == 0) {
    throw Error(ExitCode::device,
                fmt::format("cublasLtMatmulAlgoGetHeuristic: no way to multiply {} x {} by {} x {} in {}",
                            product.rows, product.inputs, product.inputs, product.outputs, name_of(element)));
  }
  plan->algorithm = found.algo;
  return plan;
}

void Cublas::multiply(const Product& product, Element element, cudaStream_t stream) {
  const bool has_bias = product.bias != nullptr;
  DREAM_CHECK(has_bias || product.then == Then::store, "an epilogue without a bias");
  auto& plan = plans_[{product.rows, product.inputs, product.outputs, product.then, element, has_bias,
                       product.to_floats}];
  if (!plan) plan = make_plan(product, element);
  if (has_bias) plan->set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, product.bias);
  const float one = 1, none = 0;
  table_.check(table_.matmul(handle_, plan->operation, &one, product.weights, plan->weights, product.x,
                             plan->x, &none, product.y, plan->y, product.y, plan->y, &plan->algorithm,
                             workspace_.get(), static_cast<std::size_t>(workspace_bytes_), stream),
               "cublasLtMatmul");
}

}  // namespace dream::device
