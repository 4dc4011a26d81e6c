#pragma once
#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "jobs/state_survey.hpp"

namespace dream::jobs {

/// What a sweep needs of a state folder.
struct Need {
  std::string config;                           ///< its file
  std::string name;                             ///< sweep.name
  std::map<Digest, std::string> parts;          ///< key -> stage, of every part that the sweep consists of
  std::map<std::string, std::int64_t> planned;  ///< parts by stage
  std::map<std::string, std::int64_t> sealed;   ///< those of them that the folder holds
  std::string budgets;                          ///< the folder of its ledgers
  std::map<std::string, std::pair<double, double>>
      prices;  ///< of its models: USD per million tokens, in and out

  [[nodiscard]] bool complete() const { return planned == sealed; }
};

/// Plans a sweep as dream_sweep would here, without running anything: reads its golden file, hashes its
/// documents, loads its models. Throws what a run would throw.
[[nodiscard]] Need plan_need(const config::Config& config, const Survey& survey, const Pulse& pulse);

/// Files that no sweep of `needs` has use for: parts and the index files beside them, index files without a
/// part, and what dead runs left below tmp/. Never calls or budgets.
[[nodiscard]] std::vector<std::filesystem::path> find_orphans(const std::filesystem::path& folder,
                                                              const Survey& survey,
                                                              const std::vector<Need>& needs);

}  // namespace dream::jobs
