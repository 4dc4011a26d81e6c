#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stages/types.hpp"
#include "sweep/plan.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// A metric over all questions of a trial. The sums are exact integers, so they are the same for any number
/// of ranks.
struct MetricSummary {
  double mean = 0;            ///< over the questions that have a value; 0 when none has
  double standard_error = 0;  ///< of the mean, questions taken as independent
  std::int64_t count = 0;     ///< questions with a value
  std::int64_t missing = 0;   ///< questions without, each with a reason in questions.csv
};

/// How far the judge disagrees with itself about a metric, over all trials; zeros when verdicts are asked for
/// once.
struct NoiseSummary {
  std::int64_t votes = 0;  ///< verdicts that were compared with their majority
  std::int64_t flips = 0;  ///< those that differ from it
  double deviation =
      0;  ///< of a question's score from sample to sample: root mean square of standard deviations
};

struct TrialSummary {
  std::vector<MetricSummary> metrics;  ///< in the order of Outcome::metrics
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t failed_answers = 0;
  std::int64_t flagged = 0;  ///< questions with a context that addresses the judge
  double cost_usd = 0;       ///< of the answers, at the config's prices
  double question_usd = 0;   ///< what serving one question costs: its embedding, reranking and answer
};

/// A file that gave no text, and why.
struct FailedDocument {
  std::string name;
  std::string reason;
  std::string detail;
};

/// Throws CorpusError when more than that share of a corpus gave no text. `failed` is sorted by name.
void check_failed(const std::vector<FailedDocument>& failed, std::int64_t documents, double max_share);

/// What became of the golden evidence.
struct GoldSummary {
  std::int64_t located = 0;        ///< questions with a passage in its place
  std::int64_t by_source = 0;      ///< questions whose gold is whole documents
  std::int64_t without = 0;        ///< questions without any gold
  std::int64_t lost_passages = 0;  ///< golden contexts that stand in no document
  std::vector<std::string> lost;   ///< the first of them, each with its row and line
};

/// What one kind of call to one model took, over all ranks; measured, so never the same twice.
struct CallUsage {
  std::string purpose;  ///< "answer", "embed", ...
  std::string model;    ///< the config's name
  std::int64_t sent = 0;
  std::int64_t retries = 0;
  std::int64_t from_state = 0;
  std::int64_t given_up = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  double cost_usd = 0;
  double latency_p50_s = 0;
  double latency_p95_s = 0;
  double first_byte_p50_s = 0;  ///< of replies that came as a stream; 0: none did
  double first_byte_p95_s = 0;
};

/// The calls that a sweep which ended after `search` still has to make for rerankers, or after `select` to
/// language models: `sent` is their number, `from_state` how many replies are there. Without anything to
/// learn from, tokens sent are counted as a quarter of the bytes; what comes back is taken to be as long as
/// the references, verdicts as long as what they judge, and answers to different contexts to be different.
struct Forecast {
  std::vector<CallUsage> calls;
  std::int64_t learned_from = 0;  ///< questions of which all replies are there
};

/// What one question waits for, asked alone.
struct ServingLatency {
  double p50_s = 0;
  double p95_s = 0;
};

/// A trial that objective.latency_probe looked at; measured, so never the same twice.
struct ProbedTrial {
  int number = 0;
  std::int64_t questions = 0;  ///< that were asked
  std::optional<ServingLatency> latency;
  std::string failure;  ///< why there is none
};

/// All that a sweep found out, on rank 0; the per-question rows stay in parts, to be streamed.
struct Outcome {
  std::vector<std::string> metrics;
  std::vector<TrialSummary> trials;       ///< in plan order
  std::vector<NoiseSummary> judge_noise;  ///< in the order of `metrics`
  std::vector<Tally> ranks;
  std::vector<std::string> hosts;
  std::map<Digest, std::string> document_names;  ///< first name of each distinct document
  std::vector<FailedDocument> failed_documents;
  std::int64_t files = 0;      ///< in the sources
  std::int64_t documents = 0;  ///< distinct among them
  GoldSummary gold;
  std::int64_t rejected_questions = 0;    ///< by the review of the golden file; left out
  std::string judge_of_itself;            ///< a language model of the sweep that judges as well, or ""
  std::vector<CallUsage> usage;           ///< by purpose and model
  std::vector<CallUsage> usage_of_sweep;  ///< the same without the hold-out, which no forecast counts
  std::vector<ProbedTrial> probed;        ///< best first; empty without a probe
  std::optional<Forecast> forecast;       ///< of a run that ended after search or select
  std::int64_t transient_rows = 0;        ///< rows that the next run will try again
  Workers workers;
};

}  // namespace dream::sweep
