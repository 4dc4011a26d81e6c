#pragma once
#include <filesystem>
#include <string>

namespace dream::state {

/// Launchers start a job again that was killed or stopped. Where every start meets the same end before it has
/// added anything, that would go on for ever. So starts of a sweep are counted while they find the state
/// folder as the one before them found it.

inline constexpr int idle_starts = 5;  ///< in a row, before the next one gives up

/// Counts a start of `sweep`. One process at a time. Throws StateError when `idle_starts` starts before it
/// have added neither parts nor replies.
void count_start(const std::filesystem::path& folder, const std::string& sweep);

/// The sweep has come to an end that needs no other start, or that a person has to look at.
void forget_starts(const std::filesystem::path& folder, const std::string& sweep);

}  // namespace dream::state
