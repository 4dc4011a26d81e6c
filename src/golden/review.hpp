#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/types.hpp"

namespace dream::golden {

enum class Decision { none, accept, reject };
[[nodiscard]] std::string_view name_of(Decision decision);  ///< "", "accept", "reject"

struct Reviewed {
  Decision decision = Decision::none;
  std::string comment;
  std::int64_t row = 0;  ///< 1: the first below the header
  std::int64_t line = 0;
  bool operator==(const Reviewed&) const = default;
};

/// What people decided about the questions of a golden file, by id.
using Review = std::map<std::string, Reviewed>;

/// Where the review of a golden file lies unless the config says otherwise: "golden.csv" has
/// "golden.review.csv".
[[nodiscard]] std::filesystem::path review_beside(const std::filesystem::path& golden_file);

/// Reads a review (CSV, see parse_csv) with columns id and decision (accept, reject or empty), and optionally
/// comment; others are ignored. Throws CorpusError for a file that is no CSV, GoldenError with *all* rows
/// that are wrong: another word, an id that is empty or comes twice.
[[nodiscard]] Review parse_review(std::string_view bytes, const std::string& file);

/// The places (from 0, rising) of the questions that were rejected. Throws GoldenError when a rejected id is
/// none of the questions', so that no rejection is lost, and when none is left. `file`: the review's, for
/// messages.
[[nodiscard]] std::vector<std::int64_t> rejected_by(const Review& review,
                                                    std::span<const GoldenQuestion> questions,
                                                    const std::string& file);

}  // namespace dream::golden
