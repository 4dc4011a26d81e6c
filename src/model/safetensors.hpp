#pragma once
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/matrix.hpp"

namespace dream::model {

/// A tensor's values as float32: a view of the mapped file where that is possible, else a converted copy.
class Floats {
 public:
  explicit Floats(std::span<const float> mapped) : view_(mapped) {}
  explicit Floats(std::vector<float> converted) : owned_(std::move(converted)), view_(owned_) {}
  Floats(Floats&&) noexcept = default;  // a moved vector keeps its elements where they are
  Floats& operator=(Floats&&) noexcept = default;
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  [[nodiscard]] std::span<const float> values() const { return view_; }
  /// As rows of that many values.
  [[nodiscard]] MatrixView<const float> matrix(std::int64_t cols) const {
    return {view_.data(), static_cast<std::int64_t>(view_.size()) / cols, cols};
  }

 private:
  std::vector<float> owned_;
  std::span<const float> view_;
};

/// The types that become float32.
enum class StoredType { f32, f16, bf16 };

/// A matrix as the file stores it, in any place and of any of those types: it is never copied as a whole.
class StoredRows {
 public:
  StoredRows(StoredType type, std::string_view bytes, std::int64_t cols)
      : type_(type), bytes_(bytes), cols_(cols) {}
  [[nodiscard]] std::int64_t rows() const;
  /// One row as float32; out: (cols).
  void copy(std::int64_t row, std::span<float> out) const;

 private:
  StoredType type_;
  std::string_view bytes_;
  std::int64_t cols_;
};

/// A safetensors file, mapped and checked: 8 bytes of header length (little-endian), a JSON header, the data.
/// Weights come from strangers, so nothing of the header is believed: every tensor must lie inside the file,
/// have as many bytes as its type and shape say, and share none with another.
class SafeTensors {
 public:
  /// Throws ModelError naming the file and, where there is one, the tensor.
  explicit SafeTensors(const std::filesystem::path& path);
  ~SafeTensors();
  SafeTensors(const SafeTensors&) = delete;
  SafeTensors& operator=(const SafeTensors&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// In the order of the alphabet.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Throws ModelError when the tensor is missing, has another shape or a type that is no F32, F16 or BF16,
  /// or holds a value that is not finite. A view lives as long as this object.
  [[nodiscard]] Floats floats(const std::string& name, std::initializer_list<std::int64_t> shape) const;
  /// The same without ever having all of it as float32.
  [[nodiscard]] StoredRows stored(const std::string& name, std::int64_t rows, std::int64_t cols) const;
  /// Takes what has been read out of this process's memory; it comes back from the file when it is read
  /// again.
  void let_go() const;
  /// Digest of the whole file.
  [[nodiscard]] Digest digest() const;

 private:
  struct Tensor {
    std::string type;
    std::vector<std::int64_t> shape;
    std::string_view bytes;
  };

  /// The tensor and its type. Throws as floats() does, but for values.
  [[nodiscard]] std::pair<const Tensor&, StoredType> find(const std::string& name,
                                                          std::span<const std::int64_t> shape) const;
  [[noreturn]] void throw_not_finite(const std::string& name, std::int64_t element) const;
  void read_header(std::string_view header, std::string_view data);
  void check_overlaps() const;

  std::string path_;
  std::string_view file_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace dream::model
