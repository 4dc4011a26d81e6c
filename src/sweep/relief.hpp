#pragma once
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/digest.hpp"
#include "comm/communicator.hpp"
#include "sweep/assign.hpp"

namespace dream::sweep {

/// A piece of work named by what it is, so that equal ones are recognised wherever they come up.
struct Request {
  Digest key;
  std::string payload;
};

/// What homes must know to hand some of their requests on. Local values, but `speeds` is as long on every
/// rank.
struct ReliefTerms {
  /// How fast this rank serves the requests of a lane: those of one model, say, with limits of its own.
  std::vector<double> speeds{1};
  std::function<std::size_t(const std::string& payload)> lane = [](const auto&) { return std::size_t{0}; };
  /// Whether this rank has the reply already: such a request takes no time, and stays.
  std::function<bool(const Digest& key)> has = [](const auto&) { return false; };
};

/// Keys spread requests evenly, but not to the last one, and not by how fast ranks are. So homes with more to
/// do than others hand some of it on. A reply is where it was made (in a rank's memory, in its journal), so a
/// request that was handed on once goes the same way ever after.
class Relief {
 public:
  explicit Relief(const Workers& workers) : workers_(workers) {}

  struct Routes {
    std::map<Digest, int> elsewhere;  ///< of the requests at home here: key -> rank that serves it
    bool anywhere = false;            ///< whether any rank hands one on; the same on all
  };
  /// Without terms only what was handed on before goes elsewhere. Collective.
  [[nodiscard]] Routes route(comm::Communicator& comm, const std::map<Digest, std::string>& at_home,
                             const ReliefTerms* terms);

  /// Replies are gone from memory: what comes up again may be served anywhere. Local.
  void forget() { moved_.clear(); }

 private:
  Workers workers_;
  std::unordered_map<Digest, int> moved_;  ///< key -> rank
};

}  // namespace dream::sweep
