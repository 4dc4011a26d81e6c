#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/digest.hpp"
#include "calls/budget.hpp"
#include "sweep/assign.hpp"
#include "sweep/plan.hpp"

/// How a plan's work is cut into parts, dealt to workers, and taken in rounds. Values in, values out, so that
/// every rank comes to the same answer without asking, and tests/bench/simulation can ask the same functions
/// what thousands of ranks would do.
namespace dream::sweep {

/// A part to be made.
struct Item {
  int node = 0;
  int part = 0;
  Digest key;
  std::int64_t weight = 0;  ///< what it costs, roughly: bytes of documents, or questions
};

/// The parts of all nodes of a stage that are not sealed, in plan order.
[[nodiscard]] std::vector<Item> pending(const Plan& plan, const std::unordered_set<Digest>& sealed,
                                        Stage stage);

/// The items by worker: the heaviest to the one that is done with it first (assign()), each worker's in the
/// order given. speeds: by worker; empty: all alike.
[[nodiscard]] std::vector<std::vector<Item>> deal(std::span<const Item> items, int workers,
                                                  std::span<const double> speeds = {});

/// Those of `items` that a rank makes; none when it does not work.
[[nodiscard]] std::vector<Item> mine(std::span<const Item> items, const Workers& workers, int rank,
                                     std::span<const double> speeds = {});

/// Items of `embed` or `query` by embedder, all methods together, so that a text that two methods share is
/// embedded once; bucket after bucket.
[[nodiscard]] std::map<std::string, std::vector<Item>> by_embedder(const Plan& plan,
                                                                   std::span<const Item> items);

/// Where the round that begins at items[at] ends: when the weights pass `budget`, after one item at least.
[[nodiscard]] std::size_t end_of_round(std::span<const Item> items, std::size_t at, std::int64_t budget);

inline constexpr std::int64_t embed_round_bytes = 8 << 20;  ///< of document files; bounds the text in memory
inline constexpr std::int64_t score_round_questions =
    4096;  ///< per rank; bounds contexts and answers in memory

/// How many of the search nodes in `items`, from the first, are searched together: enough that each worker
/// has several shards to search, and no more than memory holds the hits of. At least one.
[[nodiscard]] std::size_t searches_together(const Plan& plan, std::span<const Item> items,
                                            const Workers& workers);

/// The shards that some search nodes must search: an item for each node and shard, without a key.
[[nodiscard]] std::vector<Item> shard_searches(const Plan& plan, std::span<const Item> searches);

/// The rank that serves a request, always the same one.
[[nodiscard]] int home_of(const Digest& key, const Workers& workers);

/// Those of the workers that ask an endpoint which takes `in_flight` requests at once, half of them at least:
/// so many that equal parts use the most of it. All have about as many calls, so a caller with one open
/// beside callers with two would be waited for twice as long.
[[nodiscard]] Workers callers_of(const Workers& workers, std::int64_t in_flight);

inline constexpr int everybody = -1;

/// A rank's share of what the budget leaves: an equal one for each caller, or all of it for the rank `only`,
/// for the last of it may pay for a call though no equal share does.
[[nodiscard]] calls::Allowance share_of(calls::Allowance left, const Workers& callers, int rank,
                                        int only = everybody);

}  // namespace dream::sweep
