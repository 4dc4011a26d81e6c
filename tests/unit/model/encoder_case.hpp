#pragma once
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/matrix.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_bert.hpp"

/// The random encoders of tests/data/encoders, whose weights are made from a seed.
namespace dream::test {

/// The weights that the script gave the tensors of tensors.json.
inline std::string made_weights(const nlohmann::json& shapes) {
  std::mt19937 random(1);
  nlohmann::json header;
  std::string data;
  for (const auto& [name, shape] : shapes.items()) {
    const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
    const bool is_norm = name.ends_with("LayerNorm.weight");
    const auto scale = has("embeddings") || has("bias") || is_norm
                           ? 0.5F
                           : static_cast<float>(2.0 / std::sqrt(shape.back().get<double>()));
    std::int64_t size = 1;
    for (const auto& n : shape) size *= n.get<std::int64_t>();
    std::vector<float> values;
    for (std::int64_t i = 0; i < size; ++i)
      values.push_back((static_cast<float>(random()) / 2147483648.0F - 1) * scale + (is_norm ? 1.0F : 0.0F));
    const auto begin = data.size();
    data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
  }
  return TinyBert::safetensors(header, data);
}

/// A copy of the case with its weights in place.
inline std::filesystem::path prepare_case(const std::filesystem::path& from) {
  static int count = 0;
  const auto to = folder() / (from.filename().string() + std::to_string(count++));
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  std::vector<std::filesystem::path> lists;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(to)) {
    if (entry.path().filename() == "tensors.json") lists.push_back(entry.path());
  }
  for (const auto& list : lists)
    TinyBert::put(list.parent_path() / "model.safetensors",
                  made_weights(nlohmann::json::parse(read_file(list))));
  return to;
}

/// Of the rows of two matrices.
inline double least_cosine(const Matrix& a, const Matrix& b) {
  double least = 1;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    double dot = 0, left = 0, right = 0;
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const double x = a.row(r)[static_cast<std::size_t>(c)], y = b.row(r)[static_cast<std::size_t>(c)];
      dot += x * y, left += x * x, right += y * y;
    }
    const double cosine = dot / std::sqrt(left * right);
    if (!(cosine >= least)) least = cosine;
  }
  return least;
}

}  // namespace dream::test
