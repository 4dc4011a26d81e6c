#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "calls/asker.hpp"
#include "sweep/once.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// One answer to be had from an endpoint.
struct Question {
  std::string llm;  ///< the config's name
  std::string_view question;
  std::span<const std::string> contexts;
};

/// What a call is counted as.
enum class Purpose { answer, judging };

/// A request to a model, whatever it is for.
struct Call {
  std::string llm;  ///< the config's name
  Purpose purpose = Purpose::answer;
  std::vector<calls::Message> messages;
  std::string schema{};     ///< JSON schema of the reply; empty: none is sent
  std::int64_t sample = 0;  ///< tells repeated samples of one request apart
  std::optional<std::int64_t> seed{};
};

/// An answer, and whether it is for good.
struct Asked {
  Answer answer;
  bool final = true;
};

/// Whether a model of this kind is behind an endpoint.
[[nodiscard]] bool is_remote(const config::Model& model);

/// The models that answer or judge from behind endpoints, by name.
[[nodiscard]] std::vector<std::string> remote_llms(const config::Config& config);

/// Asks every endpoint of the config whether it is there, without cost. Local; rank 0 calls it before anything is paid
/// for. Throws EndpointError.
void check_endpoints(const config::Config& config, const Pulse& pulse);

/// The models behind endpoints, for all ranks together: a request that several trials or ranks have is sent once; a reply
/// that the state folder holds is not asked for again; a reply is in this rank's journal before it is used.
/// Constructor and finish() are collective.
class LanguageModels {
 public:
  explicit LanguageModels(Run& run, const std::string& incarnation);

  /// Collective: every rank calls it with any number of questions, and gets the answers in order.
  [[nodiscard]] std::vector<Asked> ask(const std::vector<Question>& questions);

  /// The same for any requests.
  [[nodiscard]] std::vector<calls::Reply> ask(const std::vector<Call>& calls);

  /// Seals the journals of all ranks. Collective. Without it (a crash) the next run seals them.
  void finish();

 private:
  [[nodiscard]] std::vector<Bytes> serve(const std::vector<Request>& requests);

  Run& run_;
  Workers callers_;  ///< workers that may have a request open: no more than the smallest limits.in_flight
  std::map<std::string, calls::Endpoint> endpoints_;
  net::Redactor redact_;
  std::unique_ptr<calls::CallStore> store_;
  std::unique_ptr<calls::Asker> asker_;
};

}  // namespace dream::sweep
