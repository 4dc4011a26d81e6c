#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/params.hpp"

/// A sweep's config as typed values. Everything here has been checked: names exist, numbers are in range,
/// secrets are read. Paths are as the user wrote them and relative to the working folder.
namespace dream::config {

/// A value that no log, state, report or error may show.
struct Secret {
  std::string value;
  std::string origin;  ///< "env LLM_API_KEY" or "file /run/secrets/key": what a message may say instead
  bool operator==(const Secret&) const = default;
};

/// [models.NAME]
struct Model {
  std::string name;
  std::string kind;
  Params params;   ///< complete with defaults, api_key left out
  Secret api_key;  ///< empty when the kind takes none or none is given
  bool operator==(const Model&) const = default;
};

struct Sweep {
  std::string name = "sweep";
  std::int64_t seed = 17;
  std::string state = "state";
  std::string output = "results";
  Choice search{"grid", {}};
  std::string coordinator = "auto";   ///< auto | dedicated | working: whether rank 0 works too
  std::int64_t min_ranks = 0;         ///< below so many the job ends; 0: half of those it began with
  double wall_hours = 0;              ///< that the launcher gives the job; 0: no limit
  double wall_margin_minutes = 5;     ///< before that end, the job stops at a safe point
  bool trace = false;                 ///< record what each rank does when
  double max_failed_documents = 0.5;  ///< share of documents that may fail before the sweep is refused
  bool operator==(const Sweep&) const = default;
};

struct Corpus {
  std::vector<std::string> sources;
  std::int64_t buckets = 64;  ///< a power of two; documents are spread over these by content
  std::int64_t readers_per_rank = 1;
  std::int64_t documents_per_reader = 200;  ///< a reader process is replaced after so many
  std::int64_t reader_cpu_seconds = 60;     ///< per document
  std::int64_t reader_memory_mb = 1024;
  std::int64_t reader_output_mb = 256;  ///< text per document
  bool operator==(const Corpus&) const = default;
};

struct Golden {
  std::string file;
  std::int64_t size = 0;  ///< use only the first so many questions; 0: all
  std::string review;     ///< CSV of decisions; empty: <file>.review.csv beside the file, when there is one
  double holdout = 0;     ///< kept back from the comparison: a share below 1, or so many; 0: none
  std::int64_t holdout_trials = 5;  ///< finalists that are asked the hold-out, at most
  bool operator==(const Golden&) const = default;
};

/// [testset]: what dream_golden makes golden.file of.
struct Testset {
  std::string llm;  ///< a model behind an endpoint; empty: nothing can be made
  std::int64_t size = 50;
  double simple = 0;  ///< weights of the kinds of questions; all 0: the usual mix
  double reasoning = 0;
  double multi_context = 0;
  double conditional = 0;
  double unanswerable = 0;
  std::int64_t documents_per_task = 3;
  std::int64_t passage_tokens = 300;
  std::int64_t tries = 3;  ///< candidates for a question
  double max_similarity = 0.85;
  std::string prompts;               ///< folder of prompt files; empty: the built-in ones
  std::string json_schema = "auto";  ///< as of Judge
  double budget_usd = 0;             ///< over all runs; 0: no limit
  std::int64_t budget_tokens = 0;
  double budget_hours = 0;
  bool operator==(const Testset&) const = default;
};

/// How sources, golden.file and sweep.output that begin with s3:// are reached. Keys of access are no part of
/// a config: they come from the environment or the files that it names.
struct S3 {
  std::string endpoint;             ///< empty: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else AWS
  std::string region;               ///< empty: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1
  std::string addressing = "auto";  ///< auto | path | virtual
  std::string ca_file;
  bool anonymous = false;
  std::string profile;
  std::int64_t in_flight = 8;  ///< requests of a rank at a time
  std::int64_t timeout_s = 60;
  std::int64_t cache_mb = 4096;
  std::map<std::string, std::string> environment;  ///< no key: rank 0's AWS_* and HOME, secrets among them
  bool operator==(const S3&) const = default;
};

struct Chunking {
  std::string tokenizer = "auto";  ///< auto | words | the name of a model that has one
  bool operator==(const Chunking&) const = default;
};

struct Index {
  std::string factory = "Flat";  ///< FAISS factory string
  std::int64_t shards = 8;       ///< a power of two, at most corpus.buckets
  std::int64_t margin = 32;      ///< candidates that FAISS nominates beyond k, for the exact rescoring
  bool operator==(const Index&) const = default;
};

struct Judge {
  std::string llm = "overlap";  ///< "overlap" (built in, no model) or a model's name
  std::string embedder;  ///< for answer_similarity and answer_relevancy; empty: the first of space.embedder
  std::string rules = "ragas-0.4";   ///< ragas-0.4 | ragas-0.4-legacy | ragas-0.1
  bool strict = true;                ///< false: the peer's number also where it says nothing about the answer
  std::string prompts;               ///< folder of prompt files; empty: the built-in ones
  std::string json_schema = "auto";  ///< whether the endpoint is asked to hold replies to a JSON schema;
                                     ///< "true", "false", "auto": when it takes one
  std::int64_t repeats = 1;          ///< odd; each verdict is asked for so often, and the majority counts
  bool operator==(const Judge&) const = default;
};

/// [tracking]: where an MLflow server is told of the sweep. Without a uri nobody is. Its keys of access come
/// from the environment.
struct Tracking {
  std::string uri;            ///< http(s) address; a section without it takes MLFLOW_TRACKING_URI
  std::string experiment;     ///< empty: MLFLOW_EXPERIMENT_NAME, else sweep.name
  std::string ca_file;        ///< empty: MLFLOW_TRACKING_SERVER_CERT_PATH, else the system's
  bool artifacts = true;      ///< tables, report and files as well
  std::int64_t grace_s = 60;  ///< that the job waits at its end for what is not sent yet
  std::map<std::string, std::string> environment;  ///< no key: rank 0's MLFLOW_*, secrets among them
  bool operator==(const Tracking&) const = default;
};

struct Device {
  std::string backend = "auto";   ///< auto | cpu | cuda | twin
  std::string exchange = "auto";  ///< how vectors travel between ranks: auto | mpi | nccl
  std::int64_t threads = 0;       ///< compute threads per rank; 0: this rank's share of the node's cores
  std::int64_t ranks_per_gpu = 1;
  double memory_share = 0.9;  ///< of a GPU's memory, for all ranks on it together
  std::int64_t batch_tokens = 8192;
  bool operator==(const Device&) const = default;
};

/// [space]: every combination is a trial. Lists keep the order of the file.
struct Space {
  std::vector<Choice> methods;  ///< one for each combination of a method's own parameters
  std::vector<std::string> embedders;
  std::vector<std::string> rerankers{"none"};  ///< models, or "none": hits stay as the search found them
  std::int64_t rerank_from = 20;               ///< hits that a reranker orders anew; at least every top_k
  std::vector<std::int64_t> top_k;
  std::vector<std::string> llms;
  bool operator==(const Space&) const = default;
};

struct Objective {
  std::string maximize = "answer_correctness";
  double budget_usd = 0;           ///< for the whole sweep, over all its runs; 0: no limit
  std::int64_t budget_tokens = 0;  ///< sent and received
  double budget_hours = 0;         ///< of running, by the clock
  std::int64_t latency_probe = 0;  ///< questions asked one at a time of each of the best trials; 0: none
  bool operator==(const Objective&) const = default;
};

struct Config {
  std::string file;
  Sweep sweep;
  Corpus corpus;
  Golden golden;
  Testset testset;
  S3 s3;
  Chunking chunking;
  Index index;
  std::map<std::string, Model> models;
  Judge judge;
  Tracking tracking;
  Device device;
  Space space;
  Objective objective;

  [[nodiscard]] const Model& model(const std::string& name) const { return models.at(name); }
  bool operator==(const Config&) const = default;
};

/// Whether a source, the golden file or the output is on S3.
[[nodiscard]] bool uses_s3(const Config& config);

/// The folder that results are written to: sweep.output; when that is on S3, a folder in the state, from
/// which they are put there when they are whole.
[[nodiscard]] std::string output_folder(const Config& config);

/// A kind of model: its row, and what it can stand for.
struct ModelKind {
  ComponentInfo info;
  bool embedder = false;
  bool llm = false;
  bool has_api_key = false;
  bool reranker = false;
};

/// A method's row and the check of its parameters together ("" or a reason).
struct MethodKind {
  ComponentInfo info;
  std::string (*check)(const Params&) = nullptr;
};

/// The names that a config may use. The tables live in the stages; whoever loads a config gathers them here,
/// so that the config knows names and parameters but no stage.
struct Catalog {
  std::vector<MethodKind> methods;
  std::vector<ModelKind> models;
  std::vector<ComponentInfo> searches;
  std::vector<std::string> metrics;
};

struct LoadOptions {
  std::vector<std::string> overrides;              ///< "golden.size=50": a key path and a TOML value
  std::map<std::string, std::string> environment;  ///< what ${VAR} and { env = ... } may use
};

/// Reads and checks a config. Throws InvalidConfig (problems.hpp), a ConfigError whose message lists all
/// problems, one a line, each with file:line:column, the key's path, what was found, and near names.
[[nodiscard]] Config load(const std::string& file, const Catalog& catalog, const LoadOptions& options);

/// The same for a text that is already in memory; `file` only names it in messages.
[[nodiscard]] Config load_text(const std::string& text, const std::string& file, const Catalog& catalog,
                               const LoadOptions& options);

/// The environment of this process, with the assignments of an env file (may be empty) on top.
/// Throws ConfigError for a file that cannot be read or a line that is no assignment.
[[nodiscard]] std::map<std::string, std::string> environment(const std::string& env_file);

}  // namespace dream::config
