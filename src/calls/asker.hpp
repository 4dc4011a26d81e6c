#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/pulse.hpp"
#include "calls/call_store.hpp"
#include "calls/chat.hpp"
#include "calls/endpoint.hpp"
#include "calls/sender.hpp"

namespace dream::calls {

/// One call to be made or found. Equal keys must mean equal bodies.
struct Ask {
  Digest key;
  const Endpoint* endpoint = nullptr;  ///< outlives the asker's work on it
  std::string body;                    ///< canonical JSON
  std::string purpose = "answer";      ///< what it is counted as
};

/// The call that sends `messages` to an endpoint. `sample` tells repeated samples of one request apart;
/// `seed` is sent when it is set, and so is `schema` (JSON), to which the server then holds the reply.
[[nodiscard]] Ask make_ask(const Endpoint& endpoint, std::span<const Message> messages, std::int64_t sample,
                           std::optional<std::int64_t> seed, std::string schema = {});

/// What became of a call. When `reason` (codes: chat.hpp) is set there is no usable text.
struct Reply {
  std::string text;
  std::string reason;
  bool final = true;  ///< false: not kept; the next run asks again
  std::string finish_reason;
  std::int64_t input_tokens = 0;  ///< as the endpoint counted them, also when the reply came from the store
  std::int64_t output_tokens = 0;
};

/// One rank's calls to language models: never asks for what the store has, joins equal calls, and commits
/// every final reply to the store before it hands it on. How requests go out is the sender's business.
///
/// A reply cut short on the way is retried like a failure; if all attempts end so, the last one is accepted.
/// One thread; nothing here is collective.
class Asker {
 public:
  /// Both outlive the asker; while it has calls open, nobody else uses the sender.
  Asker(CallStore& store, Sender& sender) : store_(store), sender_(sender) {}

  /// Takes a call; does not wait. Returns its ticket: 0, 1, 2, ...
  std::uint64_t submit(Ask ask);

  struct Done {
    std::uint64_t ticket = 0;
    Reply reply;
  };
  /// Moves everything on, waits at most `bound` for something to happen, and returns the calls that are
  /// settled. Throws EndpointError, after committing what has arrived, when nothing can succeed any more
  /// (401, 404, ...); the asker is empty then. Throws StateError when the store cannot be written.
  [[nodiscard]] std::vector<Done> advance(std::chrono::milliseconds bound);

  /// Calls submitted and not yet returned.
  [[nodiscard]] std::int64_t open() const { return open_; }

  /// Settles all calls, in order. Calls `pulse` between polls; when it throws, what has arrived is committed,
  /// the rest dropped. Nothing else may be open.
  [[nodiscard]] std::vector<Reply> ask(std::vector<Ask> asks, const Pulse& pulse);

  /// The reply that the store has, if any.
  [[nodiscard]] std::optional<Reply> find(const Ask& ask) const;

  /// Drops all open calls; replies that have arrived are committed.
  void abandon();

  [[nodiscard]] const AskCounts& counts() const { return sender_.counts(); }

 private:
  using JobId = std::uint64_t;

  /// A call on its way, and everybody who waits for it.
  struct Job {
    Digest key;
    const Endpoint* endpoint = nullptr;
    std::vector<std::uint64_t> tickets;
    ChatReply chat;  ///< of the last attempt
    Reply reply;     ///< set while it waits for its commit
  };

  [[nodiscard]] Outcome read(JobId id, const net::HttpResult& result);
  void receive(Sent sent);
  void keep(JobId id, Job& job, net::HttpResult result);
  void settle(JobId id);
  void commit();
  [[nodiscard]] std::chrono::milliseconds patience(std::chrono::milliseconds bound) const;

  CallStore& store_;
  Sender& sender_;
  std::unordered_map<JobId, Job> jobs_;
  std::unordered_map<Digest, JobId> by_key_;
  std::vector<JobId> committing_;
  std::vector<Done> done_;
  std::uint64_t next_ticket_ = 0;
  JobId next_job_ = 0;
  std::int64_t open_ = 0;
};

}  // namespace dream::calls
