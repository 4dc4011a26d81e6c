#pragma once
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/pulse.hpp"
#include "net/http.hpp"
#include "tracking/mlflow.hpp"
#include "tracking/settings.hpp"
#include "tracking/spool.hpp"
#include "tracking/tables.hpp"

namespace dream::tracking {

/// How far the sending is.
struct Standing {
  std::size_t entries = 0;
  std::size_t sent = 0;
  std::size_t refused = 0;  ///< by the server, for good; in this process
  bool closed = false;      ///< the server lets nothing in until somebody changes something
  std::string problem;      ///< the last one, in a sentence; "" when all is well
  std::string page;         ///< of the sweep's run in MLflow's pages; "" until it exists
  [[nodiscard]] bool all_sent() const { return sent == entries; }
  [[nodiscard]] bool over() const { return sent + refused >= entries; }
};

/// Sends a spool's entries to MLflow: entries of one run in their order, those of different runs some at a
/// time, files and tables when all else is there. Before a run is created it is looked for by its key, so
/// none is made twice. What the server or the way to it fails is sent again after a pause that grows from
/// half a second to 30 s, without end. One object belongs to one thread.
class Sender {
 public:
  /// `stop`: called while objects are put on S3, which waits; may throw.
  Sender(Spool& spool, Settings settings, Pulse stop);
  ~Sender();
  Sender(Sender&&) noexcept;

  /// Sends what can be sent now and takes replies; waits for them at most `bound`.
  void step(std::chrono::milliseconds bound);
  [[nodiscard]] Standing standing() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dream::tracking
