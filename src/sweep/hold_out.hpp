#pragma once
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "stages/types.hpp"
#include "stats/verdict.hpp"
#include "sweep/plan.hpp"

/// golden.holdout: questions by which no trial is chosen, and the trials that are asked them.
namespace dream::sweep {

/// Places of the questions that are kept back, rising: a share of all where `holdout` is below 1, else so
/// many; 0: none. Stratified by document: the questions of one golden source stand together in a line of
/// random order, and every so manyth of the line is taken, so each document gives its part. The same for the
/// same questions and seed. digests: of each question, with its contexts. Throws ConfigError when either side
/// would be empty; `file` is what the message names.
[[nodiscard]] std::vector<std::int64_t> held_out(std::span<const GoldenQuestion> questions,
                                                 std::span<const Digest> digests, double holdout,
                                                 std::int64_t seed, const std::string& file);

/// Numbers of the trials that are asked the hold-out: the best and those that tie with it, best first, `most`
/// at most. None when nothing could be compared.
[[nodiscard]] std::vector<int> finalists(const Plan& plan, const stats::Verdict& verdict, std::int64_t most);

}  // namespace dream::sweep
