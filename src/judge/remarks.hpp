#pragma once
#include <span>
#include <vector>

#include "judge/queries.hpp"
#include "judge/readings.hpp"
#include "stages/types.hpp"

namespace dream::judge {

/// The verdicts of one request, majorities where it was sampled, for people who ask why a score is what it
/// is. Empty for statements, which are no verdicts, and when no sample can be read.
[[nodiscard]] std::vector<Remark> remarks_of(const Query& query, std::span<const Reading> samples);

}  // namespace dream::judge
