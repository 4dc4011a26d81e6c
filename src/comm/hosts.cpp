#include "comm/hosts.hpp"

#include <algorithm>
#include <array>

#include "base/host.hpp"

namespace dream::comm {

int Hosts::ranks_on(const std::string& host) const {
  return static_cast<int>(std::ranges::count(of_rank, host));
}

int Hosts::number_on_host(int rank) const {
  const auto at = of_rank.begin() + rank;
  return static_cast<int>(std::count(of_rank.begin(), at, *at));
}

Hosts gather_hosts(Communicator& comm) {
  std::array<char, 64> own{};
  host_name().copy(own.data(), own.size() - 1);
  Hosts hosts;
  for (const auto& name : comm.all_gather(own)) hosts.of_rank.emplace_back(name.data());
  return hosts;
}

}  // namespace dream::comm
