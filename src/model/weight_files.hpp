#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/safetensors.hpp"

namespace dream::model {

/// The weights of a folder: model.safetensors, or else the files that model.safetensors.index.json names,
/// which must hold the tensors that it promises and no others.
class WeightFiles {
 public:
  /// Throws ModelError naming the file and, where there is one, the tensor.
  explicit WeightFiles(const std::filesystem::path& folder);

  [[nodiscard]] bool has(const std::string& name) const { return home_.contains(name); }
  /// As SafeTensors::floats().
  [[nodiscard]] Floats floats(const std::string& name, std::initializer_list<std::int64_t> shape) const;
  /// As SafeTensors::stored().
  [[nodiscard]] StoredRows stored(const std::string& name, std::int64_t rows, std::int64_t cols) const;
  /// As SafeTensors::let_go().
  void let_go() const;
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Digest of all the files.
  [[nodiscard]] Digest digest() const;

 private:
  [[nodiscard]] const SafeTensors& home(const std::string& name) const;
  void open(const std::filesystem::path& file);
  void open_index(const std::filesystem::path& index);

  std::string path_;  ///< of the one file, or of the index
  std::vector<std::unique_ptr<const SafeTensors>> files_;
  std::map<std::string, const SafeTensors*> home_;  ///< of every tensor
};

}  // namespace dream::model
