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
  std::string_view reference;  ///< tells a forecast how long an answer is
};

/// A request to a model, whatever it is for.
struct Call {
  std::string llm;                 ///< the config's name
  std::string purpose = "answer";  ///< what it is counted as
  std::vector<calls::Message> messages;
  std::string schema{};     ///< JSON schema of the reply; empty: none is sent
  std::int64_t sample = 0;  ///< tells repeated samples of one request apart
  std::optional<std::int64_t> seed{};
  std::string assumed{};  ///< the reply that a forecast goes on with
};

/// An answer, and whether it is for good.
struct Asked {
  Answer answer;
  bool final = true;
};

/// The language models behind endpoints, for all ranks together: a request that several trials or ranks have
/// is sent once; a reply that the state folder holds is not asked for again; a reply is in this rank's
/// journal before it is used.
///
/// A forecast goes the same way without sending anything: what the state folder lacks is counted, and its
/// reply is the assumed one, which is not final.
class LanguageModels {
 public:
  enum class Mode {
    ask,
    foresee,
    assume  ///< foresees as if the state folder held no reply
  };
  explicit LanguageModels(Run& run, Mode mode = Mode::ask) : LanguageModels(run.calls, mode) {}
  /// For work that is no sweep. `calls` outlives it.
  explicit LanguageModels(CallSession& calls, Mode mode = Mode::ask) : calls_(calls), mode_(mode) {}

  [[nodiscard]] bool foresees() const { return mode_ != Mode::ask; }

  /// Collective: every rank calls it with any number of questions, and gets the answers in order.
  [[nodiscard]] std::vector<Asked> ask(const std::vector<Question>& questions);

  /// The same for any requests.
  [[nodiscard]] std::vector<calls::Reply> ask(const std::vector<Call>& calls);

  /// What was foreseen for the requests whose home is here: calls as `sent`, and what they are expected to
  /// take. A request that came up before counts once.
  [[nodiscard]] const calls::Usage& foreseen() const { return foreseen_; }
  /// What the replies that were there had taken, likewise.
  [[nodiscard]] const calls::Usage& found() const { return found_; }

 private:
  [[nodiscard]] std::vector<Request> requests_of(const std::vector<Call>& calls) const;
  [[nodiscard]] std::vector<Served> serve(const std::vector<Request>& requests);
  [[nodiscard]] std::vector<calls::Reply> foresee(const std::vector<Call>& calls);
  [[nodiscard]] std::vector<Bytes> count(const std::vector<Request>& distinct);

  CallSession& calls_;
  Mode mode_;
  calls::Usage foreseen_;
  calls::Usage found_;
  std::unordered_set<Digest> counted_;
};

}  // namespace dream::sweep
