#pragma once
#include <cstdint>
#include <filesystem>

namespace dream::model {

/// The sizes of an encoder, out of config.json.
struct Network {
  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t intermediate = 0;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;  ///< longest input in tokens
  std::int64_t types = 0;      ///< kinds of tokens: the second text of a pair has type 1 where there are two
  double epsilon = 0;
};

/// Reads config.json. Throws ModelError for an architecture or a setting that this build would compute
/// differently.
[[nodiscard]] Network read_network(const std::filesystem::path& config);

}  // namespace dream::model
