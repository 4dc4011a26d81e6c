#pragma once
#include <map>
#include <memory>
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

/// An answer, and whether it is for good.
struct Asked {
  Answer answer;
  bool final = true;
};

/// Whether a model of this kind is behind an endpoint.
[[nodiscard]] bool is_remote(const config::Model& model);

/// The models of the sweep that are behind endpoints, by name.
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
