#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/pulse.hpp"
#include "calls/call_store.hpp"
#include "calls/chat.hpp"
#include "calls/endpoint.hpp"
#include "net/http.hpp"
#include "net/redact.hpp"

namespace dream::calls {

/// One call to be made or found. Equal keys must mean equal bodies.
struct Ask {
  Digest key;
  const Endpoint* endpoint = nullptr;  ///< outlives the asker's work on it
  std::string body;                    ///< canonical JSON
};

/// The call that sends `messages` to an endpoint. `sample` tells repeated samples of one request apart; `seed` is sent
/// when it is set.
[[nodiscard]] Ask make_ask(const Endpoint& endpoint, std::span<const Message> messages, std::int64_t sample,
                           std::optional<std::int64_t> seed);

/// What became of a call. When `reason` (codes: chat.hpp) is set there is no usable text.
struct Reply {
  std::string text;
  std::string reason;
  bool final = true;  ///< false: not kept; the next run asks again
  std::string finish_reason;
  std::int64_t input_tokens = 0;  ///< as the endpoint counted them, also when the reply came from the store
  std::int64_t output_tokens = 0;
};

/// What an asker did since it was made.
struct AskCounts {
  std::int64_t sent = 0;        ///< HTTP requests for completions, retries included
  std::int64_t retries = 0;
  std::int64_t from_store = 0;
  std::int64_t joined = 0;      ///< waited for an equal call already open
  std::int64_t given_up = 0;    ///< transient to the last attempt
  std::int64_t input_tokens = 0;   ///< of replies that were received, not of those from the store
  std::int64_t output_tokens = 0;
  std::vector<float> latency_s;    ///< of each received reply, in order of arrival
};

struct AskOptions {
  std::chrono::milliseconds backoff{500};         ///< the first retry waits a random time up to this; doubled each time
  std::chrono::milliseconds longest_backoff{30'000};
  std::chrono::milliseconds longest_wait{300'000};  ///< an endpoint that wants more (Retry-After) makes the row wait for the next run
  std::uint64_t seed = 1;                         ///< of the random waits; no result depends on it
};

/// One rank's calls to language models: never asks for what the store has, joins equal calls, keeps at most
/// Endpoint.in_flight requests open per endpoint, retries what may pass (full jitter, Retry-After), and commits every
/// final reply to the store before it hands it on.
///
/// A reply cut short on the way is retried like a failure; if all attempts end so, the last one is accepted.
/// One thread; nothing here is collective.
class Asker {
 public:
  /// `store` and `redact` outlive the asker.
  Asker(CallStore& store, const net::Redactor& redact, AskOptions options);

  /// Takes a call; does not wait. Returns its ticket: 0, 1, 2, ...
  std::uint64_t submit(Ask ask);

  struct Done {
    std::uint64_t ticket = 0;
    Reply reply;
  };
  /// Moves everything on, waits at most `bound` for something to happen, and returns the calls that are settled.
  /// Throws EndpointError, after committing what has arrived, when nothing can succeed any more (401, 404, ...); the
  /// asker is empty then. Throws StateError when the store cannot be written.
  [[nodiscard]] std::vector<Done> advance(std::chrono::milliseconds bound);

  /// Calls submitted and not yet returned.
  [[nodiscard]] std::int64_t open() const { return open_; }

  /// Settles all calls, in order. Calls `pulse` between polls; when it throws, what has arrived is committed, the rest
  /// dropped. Nothing else may be open.
  [[nodiscard]] std::vector<Reply> ask(std::vector<Ask> asks, const Pulse& pulse);

  /// Drops all open calls; replies that have arrived are committed.
  void abandon();

  [[nodiscard]] const AskCounts& counts() const { return counts_; }

 private:
  using Clock = std::chrono::steady_clock;
  using JobId = std::uint64_t;

  /// A call on its way, and everybody who waits for it.
  struct Job {
    Ask ask;
    std::vector<std::uint64_t> tickets;
    std::int64_t attempts = 0;
    Reply reply;  ///< set while it waits for its commit
  };
  /// The calls of one endpoint.
  struct Lane {
    std::deque<JobId> waiting;
    std::int64_t running = 0;
  };
  struct Retry {
    Clock::time_point due;
    JobId job = 0;
    bool operator>(const Retry& other) const { return due > other.due; }
  };

  void wake_retries();
  void start_waiting();
  void send(JobId id, Job& job);
  void receive(const net::HttpResult& result);
  void receive_transient(JobId id, Job& job, const net::HttpResult& result, ChatReply reply);
  void keep(JobId id, Job& job, const net::HttpResult& result, ChatReply reply);
  void settle(JobId id);
  void commit();
  [[nodiscard]] std::chrono::milliseconds patience(std::chrono::milliseconds bound) const;
  [[nodiscard]] std::chrono::milliseconds backoff(std::int64_t attempts, const net::HttpResult& result);

  CallStore& store_;
  const net::Redactor& redact_;
  AskOptions options_;
  net::HttpClient http_;
  std::mt19937_64 random_;
  std::unordered_map<JobId, Job> jobs_;
  std::unordered_map<Digest, JobId> by_key_;
  std::map<const Endpoint*, Lane> lanes_;
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::vector<JobId> committing_;
  std::vector<Done> done_;
  std::optional<EndpointError> fatal_;
  std::uint64_t next_ticket_ = 0;
  JobId next_job_ = 0;
  std::int64_t open_ = 0;
  AskCounts counts_;
};

}  // namespace dream::calls
