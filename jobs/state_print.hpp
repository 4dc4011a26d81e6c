#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "jobs/state_needs.hpp"
#include "jobs/state_survey.hpp"

namespace dream::jobs {

/// All that state_inspect has to say.
struct Inspection {
  std::string folder;
  Survey survey;
  std::vector<Need> needs;
  std::vector<std::filesystem::path> orphans;  ///< only when sweeps were named
  std::time_t now = 0;
};

/// For people: one block a subject, sizes and ages in their own units.
[[nodiscard]] std::string describe(const Inspection& inspection);

/// The same as JSON: bytes, seconds since 1970.
[[nodiscard]] std::string to_json(const Inspection& inspection);

/// Bytes of these files that are there.
[[nodiscard]] std::int64_t bytes_of(const std::vector<std::filesystem::path>& files);

/// "1.5 GB".
[[nodiscard]] std::string size_text(std::int64_t bytes);

}  // namespace dream::jobs
