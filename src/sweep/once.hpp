#pragma once
#include <functional>
#include <vector>

#include "base/bytes.hpp"
#include "comm/communicator.hpp"
#include "comm/vector_exchange.hpp"
#include "sweep/assign.hpp"
#include "sweep/relief.hpp"

namespace dream::sweep {

/// Serves distinct requests: one reply for each, in the order given.
using Serve = std::function<std::vector<Bytes>(const std::vector<Request>&)>;

struct OnceOptions {
  comm::VectorExchange* replies_over =
      nullptr;                         ///< the way of replies that are vectors; null: as the requests
  Relief* relief = nullptr;            ///< homes hand on what they have too much of; null: they do not
  const ReliefTerms* terms = nullptr;  ///< null: only what was handed on before
};

/// Every distinct request of all ranks is served once, on one rank, and everyone who asked gets the reply.
/// A request's home is a worker chosen by its key, so the load is even and the same request always meets
/// itself.
///
///   rank 0 asks a b     home of a: rank 1, of b: rank 2          rank 0 gets A B
///   rank 1 asks b       rank 1 serves a, rank 2 serves b c   ->  rank 1 gets B
///   rank 2 asks c       (home of c: rank 2)                      rank 2 gets C
///
/// Returns the replies in the order of `requests` (which may repeat keys). `serve` gets the requests sorted
/// by key, so it sees the same order whoever asked. Collective; `serve` must not communicate; a throw in it
/// leaves on all ranks.
[[nodiscard]] std::vector<Bytes> once(comm::Communicator& comm, const Workers& workers,
                                      const std::vector<Request>& requests, const Serve& serve,
                                      const OnceOptions& options = {});

}  // namespace dream::sweep
