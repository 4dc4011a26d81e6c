#pragma once
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace dream::comm {

/// Who runs where: the name of each rank's host.
struct Hosts {
  std::vector<std::string> of_rank;

  [[nodiscard]] const std::string& operator[](int rank) const {
    return of_rank[static_cast<std::size_t>(rank)];
  }
  [[nodiscard]] int ranks_on(const std::string& host) const;
  /// How many ranks of its host come before it: 0, 1, ...
  [[nodiscard]] int number_on_host(int rank) const;
  [[nodiscard]] bool leads(int rank) const { return number_on_host(rank) == 0; }
  [[nodiscard]] bool several() const { return ranks_on(of_rank.front()) < static_cast<int>(of_rank.size()); }
};

/// Names are cut after 63 bytes. Collective.
[[nodiscard]] Hosts gather_hosts(Communicator& comm);

}  // namespace dream::comm
