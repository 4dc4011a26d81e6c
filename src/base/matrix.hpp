#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace dream {

/// A dense row-major view: element (r, c) is data[r * cols + c]. Owns nothing.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  [[nodiscard]] std::span<T> row(std::int64_t r) const {
    return {data + r * cols, static_cast<std::size_t>(cols)};
  }
  [[nodiscard]] std::span<T> flat() const { return {data, static_cast<std::size_t>(rows * cols)}; }
};

/// A dense row-major matrix that owns its values.
struct Matrix {
  std::vector<float> values;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  Matrix() = default;
  Matrix(std::int64_t r, std::int64_t c) : values(static_cast<std::size_t>(r * c)), rows(r), cols(c) {}

  [[nodiscard]] std::span<float> row(std::int64_t r) {
    return {values.data() + r * cols, static_cast<std::size_t>(cols)};
  }
  [[nodiscard]] std::span<const float> row(std::int64_t r) const {
    return {values.data() + r * cols, static_cast<std::size_t>(cols)};
  }
  [[nodiscard]] MatrixView<float> view() { return {values.data(), rows, cols}; }
  [[nodiscard]] MatrixView<const float> view() const { return {values.data(), rows, cols}; }
};

}  // namespace dream
