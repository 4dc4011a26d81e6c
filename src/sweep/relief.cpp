#include "sweep/relief.hpp"

#include <span>

#include "comm/agree.hpp"
#include "sweep/even_out.hpp"

namespace dream::sweep {
namespace {

/// The moves of one lane; loads: of all ranks, `lanes` after each other for each.
std::vector<Move> moves_of(std::span<const Load> loads, std::size_t lanes, std::size_t lane,
                           const Workers& workers) {
  std::vector<Load> of_workers;
  for (int w = 0; w < workers.count; ++w)
    of_workers.push_back(loads[static_cast<std::size_t>(workers.rank(w)) * lanes + lane]);
  return even_out(of_workers);
}

}  // namespace

Relief::Routes Relief::route(comm::Communicator& comm, const std::map<Digest, std::string>& at_home,
                             const ReliefTerms* terms) {
  Routes routes;
  const std::size_t lanes = terms == nullptr ? 0 : terms->speeds.size();
  std::vector<std::vector<Digest>> mine(lanes);  // that may go elsewhere
  comm::agree(comm, [&] {
    for (const auto& [key, payload] : at_home) {
      if (const auto at = moved_.find(key); at != moved_.end())
        routes.elsewhere[key] = at->second;
      else if (terms != nullptr && !terms->has(key))
        mine.at(terms->lane(payload)).push_back(key);
    }
  });
  // The last load of a rank says what it hands on in any case.
  std::vector<Load> told;
  for (std::size_t l = 0; l < lanes; ++l) told.push_back({std::ssize(mine[l]), terms->speeds[l]});
  told.push_back({std::ssize(routes.elsewhere), 0});
  const auto all = comm.all_gather_v(std::span<const Load>(told)).values;
  for (std::size_t last = lanes; last < all.size(); last += lanes + 1)
    routes.anywhere = routes.anywhere || all[last].tasks > 0;
  for (std::size_t l = 0; l < lanes; ++l) {
    for (const auto& [from, to, tasks] : moves_of(all, lanes + 1, l, workers_)) {
      routes.anywhere = true;
      if (workers_.rank(from) != comm.rank()) continue;
      for (std::int64_t i = 0; i < tasks; ++i) {
        const auto key = mine[l].back();
        mine[l].pop_back();
        routes.elsewhere[key] = moved_[key] = workers_.rank(to);
      }
    }
  }
  return routes;
}

}  // namespace dream::sweep
