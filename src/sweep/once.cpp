#include "sweep/once.hpp"

#include <algorithm>
#include <map>

#include "comm/agree.hpp"

namespace dream::sweep {
namespace {

/// Sends each rank its message and returns those of all ranks to this one.
std::vector<Bytes> exchange(comm::Communicator& comm, std::vector<Bytes> messages) {
  Bytes out;
  std::vector<std::int64_t> counts;
  for (auto& message : messages) {
    counts.push_back(std::ssize(message));
    out.insert(out.end(), message.begin(), message.end());
    message = Bytes();
  }
  const auto in = comm.all_to_all_v(std::span<const char>(out), std::span<const std::int64_t>(counts));
  std::vector<Bytes> received;
  for (int r = 0; r < comm.size(); ++r) {
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

int home_by_key(const Workers& workers, const Digest& key) {
  return workers.rank(static_cast<int>(key.prefix() % static_cast<std::uint64_t>(workers.count)));
}

/// The home of each of `keys` (sorted, each once) when every worker is to serve as many as the others. Keys
/// alone travel first: to the worker that their digits name, which then knows each distinct one and, by the
/// counts of the others, its number among all. Collective.
std::vector<int> even_homes(comm::Communicator& comm, const Workers& workers,
                            const std::vector<Digest>& keys) {
  std::vector<std::vector<Digest>> by_rank(static_cast<std::size_t>(comm.size()));
  for (const auto& key : keys) by_rank[static_cast<std::size_t>(home_by_key(workers, key))].push_back(key);
  std::vector<Digest> out;
  std::vector<std::int64_t> counts;
  for (const auto& list : by_rank) {
    out.insert(out.end(), list.begin(), list.end());
    counts.push_back(std::ssize(list));
  }
  const auto asked = comm.all_to_all_v(std::span<const Digest>(out), std::span<const std::int64_t>(counts));

  auto distinct = asked.values;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const auto sizes = comm.all_gather(static_cast<std::int64_t>(distinct.size()));
  std::int64_t before = 0;
  std::int64_t all = 0;
  for (std::size_t r = 0; r < sizes.size(); ++r) {
    if (static_cast<int>(r) < comm.rank()) before += sizes[r];
    all += sizes[r];
  }
  std::vector<std::int64_t> told;
  std::vector<std::int64_t> told_counts;
  for (int r = 0; r < comm.size(); ++r) {
    for (const auto& key : asked.from(r)) {
      const auto number = before + (std::ranges::lower_bound(distinct, key) - distinct.begin());
      told.push_back(workers.rank(static_cast<int>(number * workers.count / all)));
    }
    told_counts.push_back(std::ssize(asked.from(r)));
  }
  const auto homes =
      comm.all_to_all_v(std::span<const std::int64_t>(told), std::span<const std::int64_t>(told_counts));

  std::vector<std::int64_t> next(homes.offsets);
  std::vector<int> chosen;
  for (const auto& key : keys) {
    auto& at = next[static_cast<std::size_t>(home_by_key(workers, key))];
    chosen.push_back(static_cast<int>(homes.values[static_cast<std::size_t>(at++)]));
  }
  return chosen;
}

/// The home of each of `keys`. Collective.
std::vector<int> choose_homes(comm::Communicator& comm, const Workers& workers,
                              const std::vector<Digest>& keys, Homes homes) {
  if (homes == Homes::even) return even_homes(comm, workers, keys);
  std::vector<int> chosen;
  for (const auto& key : keys) chosen.push_back(home_by_key(workers, key));
  return chosen;
}

}  // namespace

std::vector<Bytes> once(comm::Communicator& comm, const Workers& workers,
                        const std::vector<Request>& requests, const Serve& serve, Homes homes) {
  const auto ranks = static_cast<std::size_t>(comm.size());

  // What I ask each home, each key once.
  std::map<Digest, std::size_t> first;  // key -> its first place in `requests`
  for (std::size_t i = 0; i < requests.size(); ++i) first.try_emplace(requests[i].key, i);
  std::vector<Digest> keys;
  for (const auto& [key, at] : first) keys.push_back(key);
  const auto chosen = choose_homes(comm, workers, keys, homes);
  std::map<Digest, std::size_t> home;
  for (std::size_t i = 0; i < keys.size(); ++i) home[keys[i]] = static_cast<std::size_t>(chosen[i]);
  std::vector<Packer> questions(ranks);
  for (const auto& [key, at] : first) questions[home.at(key)].put(key).put(requests[at].payload);
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
  const auto got = exchange(comm, std::move(answers));

  std::map<Digest, Bytes> mine;
  std::vector<Unpacker> readers(got.begin(), got.end());
  for (const auto& [key, at] : first) mine[key] = readers[home.at(key)].get<Bytes>();
  std::vector<Bytes> replies;
  replies.reserve(requests.size());
  for (const auto& request : requests) replies.push_back(mine.at(request.key));
  return replies;
}

}  // namespace dream::sweep
