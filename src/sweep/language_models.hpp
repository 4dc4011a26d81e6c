#pragma once
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "sweep/call_session.hpp"
#include "sweep/outcome.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// One answer to be had from an endpoint.
struct Question {
  std::string llm;  ///< the config's name
  std::string_view question;
  std::span<const std::string> contexts;
};

/// A request to a model, whatever it is for.
struct Call {
  std::string llm;                 ///< the config's name
  std::string purpose = "answer";  ///< what it is counted as
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

/// The language models behind endpoints, for all ranks together: a request that several trials or ranks have
/// is sent once; a reply that the state folder holds is not asked for again; a reply is in this rank's
/// journal before it is used.
class LanguageModels {
 public:
  explicit LanguageModels(Run& run) : LanguageModels(run.comm, run.workers, run.calls) {}
  /// For work that is no sweep. All outlive it.
  LanguageModels(comm::Communicator& comm, Workers workers, CallSession& calls)
      : comm_(comm), workers_(workers), calls_(calls) {}

  /// Collective: every rank calls it with any number of questions, and gets the answers in order.
  [[nodiscard]] std::vector<Asked> ask(const std::vector<Question>& questions);

  /// The same for any requests.
  [[nodiscard]] std::vector<calls::Reply> ask(const std::vector<Call>& calls);

  /// Counts what ask() would do, without doing it; a question that came up before counts once. Collective.
  void foresee(const std::vector<Question>& questions);
  /// The sum over all ranks. Collective.
  [[nodiscard]] Forecast foreseen();

 private:
  [[nodiscard]] std::vector<Request> requests_of(const std::vector<Call>& calls) const;
  [[nodiscard]] std::vector<Served> serve(const std::vector<Request>& requests);

  comm::Communicator& comm_;
  Workers workers_;
  CallSession& calls_;
  Forecast forecast_;  ///< of the calls whose home is here
  std::unordered_set<Digest> foreseen_;
};

}  // namespace dream::sweep
