#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "comm/communicator.hpp"
#include "sweep/assign.hpp"

namespace dream::sweep {

/// Work of one kind that a worker has done, in a unit that is the same for all, and how long that took it.
struct Done {
  double work = 0;
  double seconds = 0;
};

/// How fast each worker is beside the one in the middle: 1 for all that are within 10 % of it, 0.5 for one
/// that takes twice as long; in sixteenths. Those that have worked for less than half a second keep what they
/// had in `before` (empty: 1), and so do all when most have. Pure.
[[nodiscard]] std::vector<double> speeds_of(std::span<const Done> done, std::span<const double> before);

/// The speeds of all workers, as the ranks last told each other. A slow host is given less from then on; what
/// is made does not depend on it, only by whom.
class Pace {
 public:
  /// Ranks tell each other what they have just done of one kind of work. While it is too little to judge by
  /// it is kept, until more of the same kind, or another kind, is told. Collective.
  void share(comm::Communicator& comm, const Workers& workers, std::string_view kind, Done mine);

  /// By worker; empty while nothing is known.
  [[nodiscard]] std::span<const double> speeds() const { return speeds_; }

 private:
  std::string kind_;
  Done noted_;
  std::vector<double> speeds_;
};

}  // namespace dream::sweep
