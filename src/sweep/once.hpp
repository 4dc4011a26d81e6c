#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "comm/communicator.hpp"
#include "comm/vector_exchange.hpp"
#include "sweep/assign.hpp"

namespace dream::sweep {

/// A piece of work named by what it is, so that equal ones are recognised wherever they come up.
struct Request {
  Digest key;
  std::string payload;
};

/// Serves distinct requests: one reply for each, in the order given.
using Serve = std::function<std::vector<Bytes>(const std::vector<Request>&)>;

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
                                      const std::vector<Request>& requests, const Serve& serve);
/// The same for replies that are vectors, which have a way of their own between ranks.
[[nodiscard]] std::vector<Bytes> once(comm::Communicator& comm, const Workers& workers,
                                      const std::vector<Request>& requests, const Serve& serve,
                                      comm::VectorExchange& replies_over);

}  // namespace dream::sweep
