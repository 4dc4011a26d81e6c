#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/matrix.hpp"

/// HDF5 files behind a few verbs. hdf5.h stays behind h5_handle.hpp, and no handle leaves the module.
///
/// Files are a function of what was written and in which order: no times, a fixed format version (HDF5 1.8's,
/// which every h5py reads), no compression. The first 512 bytes are a user block, which HDF5 skips, with the
/// line
///   dream_sweep part v1 <digest of all bytes after the user block>
/// written last of all, so that a file without it was never finished. The HDF5 library of most systems is
/// built without thread safety: use this module from one thread at a time. No file is ever locked: file
/// systems shared by many nodes often refuse locks, and no file of ours is open for writing twice.
///
/// All errors are StateError with the file, the dataset, and HDF5's chain of causes.
namespace dream::state {

/// "HDF5 1.10.8": the library that runs.
[[nodiscard]] std::string h5_version();

/// The numbers that a dataset may hold; stored little-endian.
enum class Element { int8, uint8, int32, int64, uint64, float32, float64 };

template <class T>
constexpr Element element_of() {
  if constexpr (std::is_same_v<T, std::int8_t>)
    return Element::int8;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return Element::uint8;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return Element::int32;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return Element::int64;
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return Element::uint64;
  else if constexpr (std::is_same_v<T, float>)
    return Element::float32;
  else {
    static_assert(std::is_same_v<T, double>,
                  "datasets hold int8, uint8, int32, int64, uint64, float or double");
    return Element::float64;
  }
}

/// What dream::Matrix is for float, for any element.
template <class T>
struct Table {
  std::vector<T> values;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  [[nodiscard]] std::span<const T> row(std::int64_t r) const { return view().row(r); }
  [[nodiscard]] MatrixView<const T> view() const { return {values.data(), rows, cols}; }
};

template <class T>
using MatrixOf = std::conditional_t<std::is_same_v<T, float>, Matrix, Table<T>>;

namespace detail {
struct File;
}

/// Writes one file. Names are paths: "a/b" makes the group "a". A name is written once.
class H5Writer {
 public:
  /// Makes the file, replacing one of that name.
  explicit H5Writer(const std::filesystem::path& path);
  /// Without close() the file stays unfinished, and readers refuse it. Never throws.
  ~H5Writer();
  H5Writer(H5Writer&&) noexcept;
  H5Writer& operator=(H5Writer&&) noexcept;

  /// (n)
  template <class T>
  void write(std::string_view name, std::span<T> values) {
    const std::int64_t shape[] = {std::ssize(values)};
    put(name, element_of<std::remove_const_t<T>>(), shape, values.data());
  }
  template <class T>
  void write(std::string_view name, const std::vector<T>& values) {
    write(name, std::span<const T>(values));
  }
  /// (rows, cols)
  template <class T>
  void write_matrix(std::string_view name, MatrixView<T> matrix) {
    const std::int64_t shape[] = {matrix.rows, matrix.cols};
    put(name, element_of<std::remove_const_t<T>>(), shape, matrix.data);
  }
  /// Any bytes, NUL included: `<name>/bytes` (total,) uint8 and `<name>/offsets` (n + 1,) int64; text i is
  /// bytes[offsets[i] .. offsets[i + 1]).
  void write_strings(std::string_view name, std::span<const std::string> texts);
  /// Of the file as a whole. A text is UTF-8 without NUL.
  void attribute(std::string_view name, std::string_view text);
  void attribute(std::string_view name, const char* text) { attribute(name, std::string_view(text)); }
  void attribute(std::string_view name, std::int64_t value);

  /// Flushes, closes, writes the digest and syncs the file (not its folder). Nothing may be written
  /// afterwards.
  void close();

 private:
  void put(std::string_view name, Element element, std::span<const std::int64_t> shape, const void* values);
  std::unique_ptr<detail::File> file_;
};

/// Reads a finished file. The element type asked for must be the stored one; nothing is converted.
class H5Reader {
 public:
  /// Checks that the file was finished, but reads no data: see verify().
  explicit H5Reader(const std::filesystem::path& path);
  ~H5Reader();
  H5Reader(H5Reader&&) noexcept;
  H5Reader& operator=(H5Reader&&) noexcept;

  /// Whether there is a dataset or group of that name.
  [[nodiscard]] bool has(std::string_view name) const;
  /// The names in a group ("" is the root), sorted.
  [[nodiscard]] std::vector<std::string> names(std::string_view group = "") const;
  /// (n) or (rows, cols).
  [[nodiscard]] std::vector<std::int64_t> shape(std::string_view name) const;

  template <class T>
  [[nodiscard]] std::vector<T> read(std::string_view name) const {
    std::vector<T> values(static_cast<std::size_t>(shape_of(name, 1)[0]));
    get(name, element_of<T>(), 0, std::ssize(values), values.data());
    return values;
  }
  template <class T>
  [[nodiscard]] MatrixOf<T> read_matrix(std::string_view name) const {
    return read_rows<T>(name, 0, shape_of(name, 2)[0]);
  }
  /// Rows [first, first + count) of a matrix; they must exist.
  template <class T>
  [[nodiscard]] MatrixOf<T> read_rows(std::string_view name, std::int64_t first, std::int64_t count) const {
    MatrixOf<T> matrix;
    matrix.cols = shape_of(name, 2)[1];
    check_rows(name, first, count);
    matrix.rows = count;
    matrix.values.resize(static_cast<std::size_t>(count * matrix.cols));
    get(name, element_of<T>(), first, count, matrix.values.data());
    return matrix;
  }
  /// What write_strings() wrote.
  [[nodiscard]] std::vector<std::string> read_strings(std::string_view name) const;

  [[nodiscard]] bool has_attribute(std::string_view name) const;
  [[nodiscard]] std::string text_attribute(std::string_view name) const;
  [[nodiscard]] std::int64_t int_attribute(std::string_view name) const;

 private:
  [[nodiscard]] std::vector<std::int64_t> shape_of(std::string_view name, int dimensions) const;
  void check_rows(std::string_view name, std::int64_t first, std::int64_t count) const;
  /// Rows [first, first + count) of the slowest dimension into `values`.
  void get(std::string_view name, Element element, std::int64_t first, std::int64_t count,
           void* values) const;
  std::unique_ptr<detail::File> file_;
};

/// Reads the whole file and compares it with the digest in its user block. Throws StateError when it was
/// never finished, is truncated, or has changed.
void verify(const std::filesystem::path& path);

}  // namespace dream::state
