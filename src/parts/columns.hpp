#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "state/h5.hpp"

/// Parts are columns: one dataset for each field, so that any HDF5 reader makes a table of them.
namespace dream::parts {

/// Rows of different lengths: row i is values[offsets[i] .. offsets[i + 1]).
template <class T>
struct Ragged {
  std::vector<std::int64_t> offsets{0};
  std::vector<T> values;

  void add(std::span<const T> row) {
    values.insert(values.end(), row.begin(), row.end());
    offsets.push_back(static_cast<std::int64_t>(values.size()));
  }
  [[nodiscard]] std::size_t rows() const { return offsets.size() - 1; }
  [[nodiscard]] std::vector<T> row(std::size_t i) const {
    return {values.begin() + offsets.at(i), values.begin() + offsets.at(i + 1)};
  }
  void write(state::H5Writer& file, const std::string& name) const {
    file.write(name + "/offsets", std::span<const std::int64_t>(offsets));
    file.write(name + "/values", std::span<const T>(values));
  }
  [[nodiscard]] static Ragged read(const state::H5Reader& file, const std::string& name) {
    return {file.read<std::int64_t>(name + "/offsets"), file.read<T>(name + "/values")};
  }
};

/// Digests as a (N, 16) matrix of bytes.
inline void write_digests(state::H5Writer& file, const std::string& name, std::span<const Digest> digests) {
  static_assert(sizeof(Digest) == 16);
  const auto* bytes = digests.empty() ? nullptr : digests.front().bytes.data();
  file.write_matrix(name,
                    MatrixView<const std::uint8_t>{bytes, static_cast<std::int64_t>(digests.size()), 16});
}

[[nodiscard]] inline std::vector<Digest> read_digests(const state::H5Reader& file, const std::string& name) {
  const auto bytes = file.read_matrix<std::uint8_t>(name).values;
  std::vector<Digest> digests(bytes.size() / 16);
  if (!digests.empty()) std::memcpy(digests.data(), bytes.data(), bytes.size());
  return digests;
}

}  // namespace dream::parts
