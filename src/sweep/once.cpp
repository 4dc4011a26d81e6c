#include "sweep/once.hpp"

#include <algorithm>
#include <map>

#include "comm/agree.hpp"
#include "sweep/schedule.hpp"

namespace dream::sweep {
namespace {

/// Sends each rank its message and returns those of all ranks to this one. `way`: a Communicator, or how
/// vectors travel.
template <class Way>
std::vector<Bytes> exchange(Way& way, std::vector<Bytes> messages) {
  const auto ranks = static_cast<int>(messages.size());
  Bytes out;
  std::vector<std::int64_t> counts;
  for (auto& message : messages) {
    counts.push_back(std::ssize(message));
    out.insert(out.end(), message.begin(), message.end());
    message = Bytes();
  }
  const auto in = way.all_to_all_v(std::span<const char>(out), std::span<const std::int64_t>(counts));
  std::vector<Bytes> received;
  for (int r = 0; r < ranks; ++r) {
    const auto part = in.from(r);
    received.emplace_back(part.begin(), part.end());
  }
  return received;
}

std::vector<Bytes> take_all(std::vector<Packer>& packers) {
  std::vector<Bytes> messages;
  for (auto& packer : packers) messages.push_back(packer.take());
  return messages;
}

std::vector<Request> unpack(const Bytes& message) {
  std::vector<Request> requests;
  for (Unpacker reader(message); !reader.done();) {
    const auto key = reader.get<Digest>();
    requests.push_back({key, reader.get<std::string>()});
  }
  return requests;
}

using Replies = std::map<Digest, Bytes>;

/// Local.
Replies serve_here(std::map<Digest, std::string>&& requests, const Serve& serve) {
  std::vector<Request> work;
  for (auto& [key, payload] : requests) work.push_back({key, std::move(payload)});
  auto replies = serve(work);
  DREAM_CHECK(replies.size() == work.size(), "a reply for each request");
  Replies served;
  for (std::size_t i = 0; i < work.size(); ++i) served[work[i].key] = std::move(replies[i]);
  return served;
}

/// Serves what is at home here, or has it served where `routes` say. Collective.
Replies serve_routed(comm::Communicator& comm, std::map<Digest, std::string>&& at_home,
                     const Relief::Routes& routes, const Serve& serve) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  std::vector<Packer> parcels(ranks);
  for (const auto& [key, rank] : routes.elsewhere) {
    const auto at = at_home.find(key);
    parcels[static_cast<std::size_t>(rank)].put(key).put(at->second);
    at_home.erase(at);
  }
  std::vector<std::vector<Digest>> guests;  // by the rank that sent them
  for (const auto& message : exchange(comm, take_all(parcels))) {
    auto& keys = guests.emplace_back();
    for (auto& request : unpack(message)) {
      keys.push_back(request.key);
      at_home[request.key] = std::move(request.payload);
    }
  }
  Replies served;
  comm::agree(comm, [&] { served = serve_here(std::move(at_home), serve); });
  std::vector<Packer> replies(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    for (const auto& key : guests[r]) {
      replies[r].put(served.at(key));
      served.erase(key);
    }
  }
  const auto got = exchange(comm, take_all(replies));
  std::vector<Unpacker> readers(got.begin(), got.end());
  for (const auto& [key, rank] : routes.elsewhere)
    served[key] = readers[static_cast<std::size_t>(rank)].get<Bytes>();
  return served;
}

}  // namespace

std::vector<Bytes> once(comm::Communicator& comm, const Workers& workers,
                        const std::vector<Request>& requests, const Serve& serve,
                        const OnceOptions& options) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  auto home = [&](const Digest& key) { return static_cast<std::size_t>(home_of(key, workers)); };

  // What I ask each home, each key once.
  std::map<Digest, std::size_t> first;  // key -> its first place in `requests`
  for (std::size_t i = 0; i < requests.size(); ++i) first.try_emplace(requests[i].key, i);
  std::vector<Packer> questions(ranks);
  for (const auto& [key, at] : first) questions[home(key)].put(key).put(requests[at].payload);
  const auto asked = exchange(comm, take_all(questions));

  // What I am asked, each key once, in the order of keys.
  std::vector<std::vector<Digest>> by_rank;
  std::map<Digest, std::string> at_home;
  for (const auto& message : asked) {
    auto& keys = by_rank.emplace_back();
    for (auto& request : unpack(message)) {
      keys.push_back(request.key);
      at_home.try_emplace(request.key, std::move(request.payload));
    }
  }
  Relief::Routes routes;
  if (options.relief != nullptr) routes = options.relief->route(comm, at_home, options.terms);
  Replies served;
  if (routes.anywhere)
    served = serve_routed(comm, std::move(at_home), routes, serve);
  else
    comm::agree(comm, [&] { served = serve_here(std::move(at_home), serve); });

  std::vector<Packer> answers(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    for (const auto& key : by_rank[r]) answers[r].put(served.at(key));
  }
  const auto got = options.replies_over == nullptr ? exchange(comm, take_all(answers))
                                                   : exchange(*options.replies_over, take_all(answers));

  Replies mine;
  std::vector<Unpacker> readers(got.begin(), got.end());
  for (const auto& [key, at] : first) mine[key] = readers[home(key)].get<Bytes>();
  std::vector<Bytes> replies;
  replies.reserve(requests.size());
  for (const auto& request : requests) replies.push_back(mine.at(request.key));
  return replies;
}

}  // namespace dream::sweep
