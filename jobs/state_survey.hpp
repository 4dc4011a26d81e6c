#pragma once
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/pulse.hpp"
#include "config/config.hpp"
#include "state/claim.hpp"

namespace dream::jobs {

/// Files of one sort.
struct Bulk {
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::time_t oldest = 0;  ///< by time of change; 0 without files
  std::time_t newest = 0;
  void add(const std::filesystem::path& file);
};

/// Replies of one model, as its endpoint calls it.
struct ModelCalls {
  std::int64_t calls = 0;
  std::int64_t bytes = 0;
  std::int64_t input_tokens = 0;  ///< as the endpoint counted them
  std::int64_t output_tokens = 0;
};

/// What one folder below budgets/ says was spent.
struct SpentOn {
  std::string folder;
  double usd = 0;
  std::int64_t tokens = 0;
  double hours = 0;
};

struct Damage {
  std::string path;
  std::string what;
};

/// What lies in a state folder (docs/state-format.md).
struct Survey {
  std::string format;                            ///< the line of FORMAT; empty: there is none
  std::map<std::string, Bulk> parts;             ///< by stage
  std::map<Digest, std::string> stage_of;        ///< of every whole part
  Bulk indexes;                                  ///< the files beside index parts
  std::vector<std::filesystem::path> alone;      ///< index files whose part was never sealed
  std::vector<std::filesystem::path> leftovers;  ///< below tmp/: what was being written
  Bulk leftover;
  std::map<std::string, ModelCalls> calls;
  Bulk segments;
  Bulk journals;
  std::int64_t journal_calls = 0;  ///< replies not sealed yet
  std::int64_t torn_bytes = 0;     ///< at the ends of journals
  std::vector<state::ClaimSeen> claims;
  std::vector<SpentOn> spent;
  std::vector<Damage> damaged;
  std::vector<std::string> unknown;  ///< files that no sweep has made
};

struct SurveyOptions {
  bool verify = false;  ///< read every byte and compare digests; else only whether files were finished
  bool calls = true;    ///< read the replies and count their tokens
};

/// Looks at everything in a state folder and changes nothing; a sweep may be at work there. Throws StateError
/// for a folder that is none.
[[nodiscard]] Survey survey_state(const std::filesystem::path& folder, const SurveyOptions& options,
                                  const Pulse& pulse);

}  // namespace dream::jobs
