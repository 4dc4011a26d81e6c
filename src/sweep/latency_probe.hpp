#pragma once
#include <cstdint>
#include <vector>

#include "stats/verdict.hpp"
#include "sweep/outcome.hpp"
#include "sweep/run_context.hpp"

/// objective.latency_probe: how long one question waits when nobody else asks.
namespace dream::sweep {

/// Trials that are probed, at most: the best of those that ask endpoints.
inline constexpr std::int64_t most_probed_trials = 12;

/// What the calls of the probe are counted as.
inline constexpr const char* probe_purpose = "latency";

/// Places of the questions that are asked, rising: `count` of `all`, or all, evenly spaced.
[[nodiscard]] std::vector<std::int64_t> probed_questions(std::int64_t all, std::int64_t count);

/// All trials that were not set aside, best first; in the order of the plan where nothing was compared.
[[nodiscard]] std::vector<int> by_quality(const stats::Verdict& verdict, std::int64_t trials);

/// Quantiles by nearest rank, so each is a time that a question took. `seconds`: at least one.
[[nodiscard]] ServingLatency latency_of(std::vector<double> seconds);

/// Asks the questions of the best trials again, a request at a time on one rank, whatever replies the state
/// folder holds: the embedding of the question, the reranking of its hits, the answer, each where an endpoint
/// does it. What computes in this program is left out, and so is the wait for a limit or another attempt.
/// Times of a trial whose requests are the same are taken from `<state>/probes`. A trial with a request that
/// gets no reply has no latency but a failure. Best first; nothing without the key, or when no trial asks
/// endpoints. Collective; every rank gets the same.
[[nodiscard]] std::vector<ProbedTrial> probe_latency(Run& run, const stats::Verdict& verdict);

}  // namespace dream::sweep
