#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/outputs.hpp"
#include "state/h5.hpp"
#include "stats/paired.hpp"
#include "stats/step_down.hpp"

/// sweep.h5: all that a finished sweep found out but for the texts of its chunks, for readers who have
/// neither its state folder nor its documents (docs/state-format.md).
namespace dream::report {

struct RecordedTrial {
  int number = 0;
  std::string title;   ///< as sentences name it: "trial 3 (overlap, minilm, top_k 4, quote)"
  std::string method;  ///< with its parameters
  std::string embedder;
  std::string reranker;
  std::int64_t top_k = 0;
  std::string llm;
  double cost_usd = 0;

  /// The same choices in another sweep, whatever the number.
  [[nodiscard]] bool same_choices(const RecordedTrial& other) const;
};

/// Golden questions; each vector has one entry for each.
struct RecordedQuestions {
  std::vector<std::string> ids;
  std::vector<std::string> texts;
  std::vector<std::string> references;
  std::vector<std::int32_t> clusters;
};

/// What one trial made of one question.
struct RecordedAnswer {
  std::string text;
  std::string reason;
  std::vector<std::string> chunks;                           ///< names, best first
  std::vector<double> scores;                                ///< by metric, NaN where there is none
  std::vector<std::string> reasons;                          ///< by metric
  std::vector<std::pair<std::int64_t, std::int64_t>> votes;  ///< verdicts and flips; empty: asked for once
  std::vector<Remark> remarks;                               ///< of a language model as judge
};

class Record {
 public:
  /// Throws StateError where the folder has no sweep.h5, or one of a version that wrote less.
  explicit Record(const std::filesystem::path& output);

  std::filesystem::path folder;
  std::string sweep;
  std::string objective;
  std::string judge;
  std::uint64_t seed = 0;
  std::string golden;    ///< digest of all golden questions
  std::string hold_out;  ///< the sentence about golden.holdout, or ""
  std::vector<std::pair<std::string, std::string>> config;
  std::vector<std::string> metrics;
  std::vector<RecordedTrial> trials;
  RecordedQuestions questions;
  state::Table<double> means;         ///< (trials, metrics), 0 where no question has a value
  state::Table<std::int64_t> counts;  ///< (trials, metrics): questions with a value

  /// (trials, questions). Throws ConfigError for a metric that the sweep does not have.
  [[nodiscard]] stats::ScoreMatrix scores(std::string_view metric) const;
  /// The place of a trial. Throws ConfigError.
  [[nodiscard]] std::size_t trial_at(int number) const;
  /// Throws ConfigError with near names.
  [[nodiscard]] std::size_t question_at(const std::string& id) const;
  [[nodiscard]] RecordedAnswer answer(std::size_t trial, std::size_t question) const;
  /// What report.html shows, but for what was measured.
  [[nodiscard]] std::string page() const;
  [[nodiscard]] stats::Options options() const { return {.seed = seed}; }

 private:
  state::H5Reader file_;
};

/// The verdict that the sweep reached: the same scores, seed and clusters.
[[nodiscard]] stats::Verdict judge_trials(const Record& record, const Pulse& pulse);

/// Writes sweep.h5. page: page_data(). hold_out: its sentence, or "". Throws StateError.
void write_h5(const Material& material, const std::string& page, const std::string& hold_out);

}  // namespace dream::report
