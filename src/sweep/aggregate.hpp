#pragma once
#include <map>
#include <span>
#include <vector>

#include "parts/results.hpp"
#include "sweep/outcome.hpp"

namespace dream::sweep {

/// Sums every trial's scores, and the judge's noise, over all questions, each rank a share of the slices, as
/// exact integers, and all-reduces them into outcome.trials and outcome.judge_noise. Collective; every rank
/// gets them.
void aggregate(Run& run, Outcome& outcome);

/// Tells Run::scored of a trial as soon as the last of its parts is scored, by this run: trials of which the
/// state folder held parts are left to the end. Does nothing where nobody listens.
class LiveScores {
 public:
  /// `pending`: all parts to be scored. Collective.
  LiveScores(Run& run, const std::vector<Item>& pending);
  /// A part that this rank has scored. Local.
  void add(const Item& item, const parts::SliceResults& slice);
  /// Sums what all ranks have added. Collective.
  void share();

 private:
  void tell(int node);
  struct Node {
    int left = 0;  ///< parts
    std::vector<std::int64_t> sums;
  };
  Run& run_;
  std::map<int, Node> nodes_;             ///< that this run scores as a whole; on rank 0
  std::map<int, std::int64_t> reranked_;  ///< tokens of rerank nodes
  std::vector<std::int64_t> added_;       ///< node and sums, one after the other
};

}  // namespace dream::sweep
