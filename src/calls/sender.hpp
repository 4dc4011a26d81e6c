#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "calls/budget.hpp"
#include "calls/chat.hpp"
#include "calls/lane.hpp"
#include "calls/ledger.hpp"
#include "calls/usage.hpp"
#include "net/http.hpp"
#include "net/redact.hpp"

namespace dream::calls {

/// What a reply means to the one who asked.
struct Outcome {
  Verdict verdict = Verdict::transient;
  std::string reason;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
};

/// A request to be sent.
struct Outgoing {
  const Endpoint* endpoint = nullptr;  ///< outlives it
  std::string_view path;               ///< "/chat/completions"
  std::string body;
  std::int64_t most_output_tokens = 0;
  std::string purpose;  ///< what it is counted as: "answer", "embed", ...
  std::function<Outcome(const net::HttpResult&)> read;
  bool streamed = false;  ///< the reply comes in pieces; `read` gets it whole
};

/// How a request ended.
struct Sent {
  std::uint64_t id = 0;
  net::HttpResult result;  ///< of the last attempt
  Outcome outcome;         ///< transient: all attempts failed; reason "budget": it was not sent
};

/// One rank's requests to endpoints: holds to the limits of each (lane.hpp), to the budget, and retries what
/// may pass (full jitter, Retry-After). Knows nothing of what is asked. One thread; nothing here is
/// collective.
class Sender {
 public:
  /// `redact` outlives it.
  Sender(const net::Redactor& redact, AskOptions options);

  /// From now on every request reserves its price in `budget`, and `ledger` knows of it before it goes. Both
  /// outlive it.
  void charge(Budget& budget, Ledger& ledger);

  void submit(std::uint64_t id, Outgoing request);
  /// Moves everything on, waits at most `bound` for something to happen, and returns the requests that ended.
  [[nodiscard]] std::vector<Sent> advance(std::chrono::milliseconds bound);
  /// After advance(): why nothing can succeed any more (401, 404, ...), if so. It is told once.
  [[nodiscard]] std::optional<EndpointError> take_fatal() { return std::exchange(fatal_, std::nullopt); }
  /// Drops all requests.
  void abandon();

  [[nodiscard]] std::int64_t in_flight() const { return http_.in_flight(); }
  [[nodiscard]] const AskCounts& counts() const { return total_; }
  [[nodiscard]] const Usage& usage() const { return usage_; }
  /// Applies `change` to the counts of a purpose at an endpoint, and to the sum.
  void count(const std::string& purpose, const Endpoint& endpoint,
             const std::function<void(AskCounts&)>& change);

 private:
  using Clock = std::chrono::steady_clock;
  using JobId = std::uint64_t;

  struct Job {
    Outgoing request;
    double tokens = 0;  ///< expected
    Cost most;          ///< reserved while it is open
    std::int64_t attempts = 0;
  };
  struct Queue {
    Lane lane;
    std::deque<JobId> waiting;
    std::string failure;  ///< reason of the last one
  };
  struct Retry {
    TimePoint due;
    JobId job = 0;
    bool operator>(const Retry& other) const { return due > other.due; }
  };

  [[nodiscard]] Queue& queue_of(const Endpoint& endpoint);
  void wake_retries();
  void start_waiting();
  [[nodiscard]] bool start(JobId id);
  void settle(JobId id, net::HttpResult result, Outcome outcome);
  void receive(net::HttpResult result);
  void charge_for(const Job& job, const net::HttpResult& result, const Outcome& outcome);
  [[nodiscard]] std::chrono::milliseconds patience(std::chrono::milliseconds bound) const;
  [[nodiscard]] std::chrono::milliseconds backoff(std::int64_t attempts, const net::HttpResult& result);

  const net::Redactor& redact_;
  AskOptions options_;
  Budget* budget_ = nullptr;
  Ledger* ledger_ = nullptr;
  net::HttpClient http_;
  std::mt19937_64 random_;
  std::unordered_map<JobId, Job> jobs_;
  std::map<const Endpoint*, Queue> queues_;
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::vector<Sent> ended_;
  std::optional<EndpointError> fatal_;
  AskCounts total_;
  Usage usage_;
};

/// What a request may cost at most, and what it is expected to take: a token is at least one byte, and about
/// four.
[[nodiscard]] Cost most_cost(const Endpoint& endpoint, std::size_t bytes, std::int64_t output_tokens);
[[nodiscard]] Cost cost_of(const Endpoint& endpoint, std::int64_t input_tokens, std::int64_t output_tokens);
[[nodiscard]] double expected_tokens(std::size_t bytes, std::int64_t output_tokens);

}  // namespace dream::calls
