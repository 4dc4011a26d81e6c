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

std::vector<Request> unpack(const Bytes& message) {
  std::vector<Request> requests;
  for (Unpacker reader(message); !reader.done();) {
    const auto key = reader.get<Digest>();
    requests.push_back({key, reader.get<std::string>()});
  }
  return requests;
}

/// `way_back` of the replies; null: as the requests.
std::vector<Bytes> serve_once(comm::Communicator& comm, const Workers& workers,
                              const std::vector<Request>& requests, const Serve& serve,
                              comm::VectorExchange* way_back) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  auto home = [&](const Digest& key) { return static_cast<std::size_t>(home_of(key, workers)); };

  // What I ask each home, each key once.
  std::map<Digest, std::size_t> first;  // key -> its first place in `requests`
  for (std::size_t i = 0; i < requests.size(); ++i) first.try_emplace(requests[i].key, i);
  std::vector<Packer> questions(ranks);
  for (const auto& [key, at] : first) questions[home(key)].put(key).put(requests[at].payload);
  std::vector<Bytes> out;
  for (auto& question : questions) out.push_back(question.take());
  const auto asked = exchange(comm, std::move(out));

  // What I am asked, each key once, in the order of keys.
  std::vector<std::vector<Request>> by_rank;
  std::map<Digest, std::string> distinct;
  for (const auto& message : asked) {
    auto& list = by_rank.emplace_back(unpack(message));
    for (auto& request : list) distinct.try_emplace(request.key, std::move(request.payload));
  }
  std::map<Digest, Bytes> served;
  comm::agree(comm, [&] {
    std::vector<Request> work;
    for (auto& [key, payload] : distinct) work.push_back({key, std::move(payload)});
    auto replies = serve(work);
    DREAM_CHECK(replies.size() == work.size(), "a reply for each request");
    for (std::size_t i = 0; i < work.size(); ++i) served[work[i].key] = std::move(replies[i]);
  });

  std::vector<Bytes> answers;
  for (const auto& list : by_rank) {
    Packer packer;
    for (const auto& request : list) packer.put(served.at(request.key));
    answers.push_back(packer.take());
  }
  const auto got =
      way_back == nullptr ? exchange(comm, std::move(answers)) : exchange(*way_back, std::move(answers));

  std::map<Digest, Bytes> mine;
  std::vector<Unpacker> readers(got.begin(), got.end());
  for (const auto& [key, at] : first) mine[key] = readers[home(key)].get<Bytes>();
  std::vector<Bytes> replies;
  replies.reserve(requests.size());
  for (const auto& request : requests) replies.push_back(mine.at(request.key));
  return replies;
}

}  // namespace

std::vector<Bytes> once(comm::Communicator& comm, const Workers& workers,
                        const std::vector<Request>& requests, const Serve& serve) {
  return serve_once(comm, workers, requests, serve, nullptr);
}

std::vector<Bytes> once(comm::Communicator& comm, const Workers& workers,
                        const std::vector<Request>& requests, const Serve& serve,
                        comm::VectorExchange& replies_over) {
  return serve_once(comm, workers, requests, serve, &replies_over);
}

}  // namespace dream::sweep
