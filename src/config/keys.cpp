#include "config/keys.hpp"

#include <type_traits>

namespace dream::config {
namespace {

template <class Section, class T>
std::function<Field(Config&)> at(Section Config::*section, T Section::*member) {
  return [section, member](Config& config) -> Field { return &(config.*section.*member); };
}

// name, field, help, example, rule, what it names. Files, folders and sources are relative to the working
// folder.
std::vector<Key> table() {
  return {
      // sweep
      {"sweep.name", at(&Config::sweep, &Sweep::name), "name of the sweep", "\"handbook\""},
      {"sweep.seed",
       at(&Config::sweep, &Sweep::seed),
       "seed of all that is drawn at random",
       "42",
       {.min = 0}},
      {"sweep.state", at(&Config::sweep, &Sweep::state),
       "folder, on a file system that all ranks share, that keeps what is computed; sweeps may share it",
       "\"/scratch/state\""},
      {"sweep.output", at(&Config::sweep, &Sweep::output), "folder for the results, or s3://BUCKET/PREFIX",
       "\"results/handbook\""},
      {"sweep.search", at(&Config::sweep, &Sweep::search),
       "which trials run: a name, or { name = ..., its parameters }", "{ name = \"grid\" }"},
      {"sweep.coordinator",
       at(&Config::sweep, &Sweep::coordinator),
       "whether rank 0 works as well; auto: with fewer than 8 ranks it does",
       "\"working\"",
       {.one_of = {"auto", "dedicated", "working"}}},
      {"sweep.min_ranks",
       at(&Config::sweep, &Sweep::min_ranks),
       "where MPI survives the loss of ranks: with fewer left the job ends with code 75; 0: half of those it "
       "began with",
       "12",
       {.min = 0}},
      {"sweep.wall_hours",
       at(&Config::sweep, &Sweep::wall_hours),
       "time that the launcher gives the job; before its end the job stops with code 75; 0: no limit",
       "48",
       {.min = 0}},
      {"sweep.wall_margin_minutes",
       at(&Config::sweep, &Sweep::wall_margin_minutes),
       "how long before the end of sweep.wall_hours the job stops",
       "10",
       {.min = 0}},
      {"sweep.trace", at(&Config::sweep, &Sweep::trace),
       "write trace.json into sweep.output: what each rank did when, for ui.perfetto.dev", "true"},
      {"sweep.max_failed_documents",
       at(&Config::sweep, &Sweep::max_failed_documents),
       "share of documents that may fail before the sweep is refused",
       "0.1",
       {.min = 0, .max = 1}},
      // corpus
      {"corpus.sources",
       at(&Config::corpus, &Corpus::sources),
       "files or folders of documents, or s3://BUCKET/PREFIX; one or a list",
       "[\"inputs/handbook\"]",
       {.required = true}},
      {"corpus.buckets",
       at(&Config::corpus, &Corpus::buckets),
       "documents are spread over so many buckets by content; more than ranks is good",
       "256",
       {.min = 1, .max = 65536, .power_of_two = true}},
      {"corpus.readers_per_rank",
       at(&Config::corpus, &Corpus::readers_per_rank),
       "reader processes of a rank",
       "2",
       {.min = 1, .max = 256}},
      {"corpus.documents_per_reader",
       at(&Config::corpus, &Corpus::documents_per_reader),
       "documents after which a reader process is replaced",
       "1000",
       {.min = 1}},
      {"corpus.reader_cpu_seconds",
       at(&Config::corpus, &Corpus::reader_cpu_seconds),
       "processor time that a reader may take for a document, seconds",
       "120",
       {.min = 1, .max = 86400}},
      {"corpus.reader_memory_mb",
       at(&Config::corpus, &Corpus::reader_memory_mb),
       "memory of a reader process, MiB",
       "2048",
       {.min = 64, .max = 1048576}},
      {"corpus.reader_output_mb",
       at(&Config::corpus, &Corpus::reader_output_mb),
       "text of one document, MiB",
       "64",
       {.min = 1, .max = 65536}},
      // golden
      {"golden.file",
       at(&Config::golden, &Golden::file),
       "questions and references: CSV, JSON lines, SQuAD's JSON, or a folder of BEIR; a file may be "
       "s3://BUCKET/KEY",
       "\"inputs/handbook/golden.csv\"",
       {.required = true}},
      {"golden.size",
       at(&Config::golden, &Golden::size),
       "use only the first so many questions; 0: all",
       "50",
       {.min = 0}},
      {"golden.review", at(&Config::golden, &Golden::review),
       "CSV with a decision on each question; empty: golden.file with .review.csv for .csv, when it is there",
       "\"inputs/handbook/checked.csv\""},
      // testset
      {"testset.llm",
       at(&Config::testset, &Testset::llm),
       "model behind an endpoint that dream_golden asks",
       "\"large\"",
       {},
       Names::llm_or_none},
      {"testset.size",
       at(&Config::testset, &Testset::size),
       "questions to ask for",
       "200",
       {.min = 1, .max = 1000000}},
      {"testset.kinds.simple",
       at(&Config::testset, &Testset::simple),
       "share of questions answered by one passage",
       "2.0",
       {.min = 0, .max = 1000000}},
      {"testset.kinds.reasoning",
       at(&Config::testset, &Testset::reasoning),
       "share of questions answered by a conclusion from one passage",
       "2.0",
       {.min = 0, .max = 1000000}},
      {"testset.kinds.multi_context",
       at(&Config::testset, &Testset::multi_context),
       "share of questions answered by two passages together",
       "2.0",
       {.min = 0, .max = 1000000}},
      {"testset.kinds.conditional",
       at(&Config::testset, &Testset::conditional),
       "share of questions with a condition that decides the answer",
       "2.0",
       {.min = 0, .max = 1000000}},
      {"testset.kinds.unanswerable",
       at(&Config::testset, &Testset::unanswerable),
       "share of questions that the documents do not answer",
       "2.0",
       {.min = 0, .max = 1000000}},
      {"testset.documents_per_task",
       at(&Config::testset, &Testset::documents_per_task),
       "documents of a task at most; passages that belong together are looked for within a task",
       "5",
       {.min = 1, .max = 1000}},
      {"testset.passage_tokens",
       at(&Config::testset, &Testset::passage_tokens),
       "length of a passage at most, four bytes taken as a token",
       "500",
       {.min = 50, .max = 100000}},
      {"testset.tries",
       at(&Config::testset, &Testset::tries),
       "candidates for each question at most",
       "5",
       {.min = 1, .max = 100}},
      {"testset.max_similarity",
       at(&Config::testset, &Testset::max_similarity),
       "questions that share more of their words are duplicates",
       "0.7",
       {.min = 0, .max = 1}},
      {"testset.prompts", at(&Config::testset, &Testset::prompts),
       "folder with your own prompt files (docs/testset.md); empty: the built-in ones", "\"my_prompts\""},
      {"testset.json_schema",
       at(&Config::testset, &Testset::json_schema),
       "whether the endpoint is asked to hold replies to a JSON schema (response_format); auto: when it "
       "takes one",
       "true",
       {.one_of = {"auto", "true", "false"}}},
      {"testset.budget.usd",
       at(&Config::testset, &Testset::budget_usd),
       "money that the questions may cost, over all runs, USD; 0: no limit",
       "5.0",
       {.min = 0}},
      {"testset.budget.tokens",
       at(&Config::testset, &Testset::budget_tokens),
       "tokens that the questions may send and receive, over all runs; 0: no limit",
       "2_000_000",
       {.min = 0}},
      {"testset.budget.hours",
       at(&Config::testset, &Testset::budget_hours),
       "time that dream_golden may run, over all its runs; 0: no limit",
       "1.5",
       {.min = 0}},
      // s3
      {"s3.endpoint", at(&Config::s3, &S3::endpoint),
       "address of the service; empty: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else AWS",
       "\"https://minio.example.org:9000\""},
      {"s3.region", at(&Config::s3, &S3::region),
       "region of the buckets; empty: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1", "\"eu-central-1\""},
      {"s3.addressing",
       at(&Config::s3, &S3::addressing),
       "the bucket in the path or in the host's name; auto: in the host's name at AWS, else in the path",
       "\"path\"",
       {.one_of = {"auto", "path", "virtual"}}},
      {"s3.ca_file", at(&Config::s3, &S3::ca_file),
       "PEM file of trusted authorities; empty: AWS_CA_BUNDLE, else those of the system",
       "\"/etc/ssl/our-ca.pem\""},
      {"s3.anonymous", at(&Config::s3, &S3::anonymous), "whether requests go unsigned, to public buckets",
       "true"},
      {"s3.profile", at(&Config::s3, &S3::profile),
       "section of the shared credentials file, which then outranks the environment", "\"lab\""},
      {"s3.in_flight",
       at(&Config::s3, &S3::in_flight),
       "requests that a rank has open at a time",
       "16",
       {.min = 1, .max = 256}},
      {"s3.timeout_s",
       at(&Config::s3, &S3::timeout_s),
       "time that one request may take, seconds",
       "300",
       {.min = 1, .max = 86400}},
      {"s3.cache_mb",
       at(&Config::s3, &S3::cache_mb),
       "documents kept in the state folder from hashing to reading, MiB; what does not fit is fetched twice",
       "0",
       {.min = 0}},
      // chunking
      {"chunking.tokenizer",
       at(&Config::chunking, &Chunking::tokenizer),
       "what chunk sizes count: words, or tokens of a model; auto: of the first transformer, else words",
       "\"words\"",
       {},
       Names::tokenizer},
      // index
      {"index.factory", at(&Config::index, &Index::factory), "FAISS factory string", "\"HNSW32\""},
      {"index.shards",
       at(&Config::index, &Index::shards),
       "parts of an index, at most corpus.buckets",
       "16",
       {.min = 1, .max = 65536, .power_of_two = true}},
      {"index.margin",
       at(&Config::index, &Index::margin),
       "candidates beyond k that are scored again exactly",
       "64",
       {.min = 0, .max = 100000}},
      // judge
      {"judge.llm",
       at(&Config::judge, &Judge::llm),
       "model that judges answers; overlap: built in, without a model",
       "\"large\"",
       {},
       Names::judge},
      {"judge.embedder",
       at(&Config::judge, &Judge::embedder),
       "model for answer_similarity and answer_relevancy; empty: the first of space.embedder",
       "\"minilm\"",
       {},
       Names::embedder},
      {"judge.rules",
       at(&Config::judge, &Judge::rules),
       "how a model's verdicts become scores: those of ragas 0.4.3, of its older classes, or of 0.1.7",
       "\"ragas-0.1\"",
       {.one_of = {"ragas-0.4", "ragas-0.4-legacy", "ragas-0.1"}}},
      {"judge.strict", at(&Config::judge, &Judge::strict),
       "a reason in the place of a score that says nothing; false: ragas' number, whatever it is worth",
       "false"},
      {"judge.prompts", at(&Config::judge, &Judge::prompts),
       "folder with your own prompt files (docs/metrics.md); empty: the built-in ones", "\"my_prompts\""},
      {"judge.json_schema",
       at(&Config::judge, &Judge::json_schema),
       "whether the endpoint is asked to hold replies to a JSON schema (response_format); auto: when it "
       "takes one",
       "true",
       {.one_of = {"auto", "true", "false"}}},
      {"judge.repeats",
       at(&Config::judge, &Judge::repeats),
       "how often each verdict is asked for; odd, the majority counts",
       "3",
       {.min = 1, .max = 99}},
      // tracking
      {"tracking.uri", at(&Config::tracking, &Tracking::uri),
       "address of an MLflow server that is told of the sweep; empty: MLFLOW_TRACKING_URI",
       "\"http://mlflow.example.org:5000\""},
      {"tracking.experiment", at(&Config::tracking, &Tracking::experiment),
       "experiment that holds the runs; empty: MLFLOW_EXPERIMENT_NAME, else sweep.name", "\"rag-handbook\""},
      {"tracking.ca_file", at(&Config::tracking, &Tracking::ca_file),
       "PEM file of trusted authorities; empty: MLFLOW_TRACKING_SERVER_CERT_PATH, else those of the system",
       "\"/etc/ssl/our-ca.pem\""},
      {"tracking.artifacts", at(&Config::tracking, &Tracking::artifacts),
       "whether tables of answers, the report and other files go there as well", "false"},
      {"tracking.grace_s",
       at(&Config::tracking, &Tracking::grace_s),
       "time that the job waits at its end for the server to take what is left, seconds",
       "300",
       {.min = 0, .max = 86400}},
      // device
      {"device.backend",
       at(&Config::device, &Device::backend),
       "where models run; a forced one must be there",
       "\"cpu\"",
       {.one_of = {"auto", "cpu", "cuda"}}},
      {"device.exchange",
       at(&Config::device, &Device::exchange),
       "how vectors travel between ranks; a forced one must be there",
       "\"mpi\"",
       {.one_of = {"auto", "mpi", "nccl"}}},
      {"device.threads",
       at(&Config::device, &Device::threads),
       "compute threads of a rank; 0: its share of the node's cores",
       "8",
       {.min = 0, .max = 4096}},
      {"device.ranks_per_gpu",
       at(&Config::device, &Device::ranks_per_gpu),
       "most ranks that may share a GPU",
       "4",
       {.min = 1, .max = 64}},
      {"device.memory_share",
       at(&Config::device, &Device::memory_share),
       "share of a GPU's memory that all ranks on it together may take",
       "0.5",
       {.min = 0.05, .max = 1}},
      // space
      {"space.method",
       at(&Config::space, &Space::methods),
       "how documents are cut: a name, { name = ..., parameters: a value or a list each }, or a list of "
       "these",
       "[{ name = \"overlap\", size = [256, 512] }]",
       {.required = true}},
      {"space.embedder",
       at(&Config::space, &Space::embedders),
       "models that embed, one or a list",
       "[\"minilm\"]",
       {.required = true},
       Names::embedder},
      {"space.reranker",
       at(&Config::space, &Space::rerankers),
       "models that order the hits of a search anew, one or a list; none: they stay as they were found",
       "[\"none\", \"cross\"]",
       {},
       Names::reranker},
      {"space.rerank_from",
       at(&Config::space, &Space::rerank_from),
       "hits of a search that a reranker reads, of which the best top_k stay",
       "50",
       {.min = 1, .max = 10000}},
      {"space.top_k",
       at(&Config::space, &Space::top_k),
       "chunks given to the language model, one or a list",
       "[2, 4, 8]",
       {.min = 1, .max = 10000, .required = true}},
      {"space.llm",
       at(&Config::space, &Space::llms),
       "models that answer, one or a list",
       "[\"small\", \"large\"]",
       {.required = true},
       Names::llm},
      // objective
      {"objective.maximize",
       at(&Config::objective, &Objective::maximize),
       "the metric that ranks the trials",
       "\"faithfulness\"",
       {},
       Names::metric},
      {"objective.budget.usd",
       at(&Config::objective, &Objective::budget_usd),
       "money that calls may cost, over all runs of the sweep, USD; 0: no limit",
       "50.0",
       {.min = 0}},
      {"objective.budget.tokens",
       at(&Config::objective, &Objective::budget_tokens),
       "tokens that calls may send and receive, over all runs of the sweep; 0: no limit",
       "20_000_000",
       {.min = 0}},
      {"objective.budget.hours",
       at(&Config::objective, &Objective::budget_hours),
       "time that the sweep may run, over all its runs; 0: no limit",
       "6.0",
       {.min = 0}},
  };
}

std::string type_of(const Field& field) {
  struct Visitor {
    std::string operator()(const bool*) const { return "true or false"; }
    std::string operator()(const std::string*) const { return "text"; }
    std::string operator()(const std::int64_t*) const { return "whole number"; }
    std::string operator()(const double*) const { return "number"; }
    std::string operator()(const std::vector<std::string>*) const { return "text or list of texts"; }
    std::string operator()(const std::vector<std::int64_t>*) const {
      return "whole number or list of whole numbers";
    }
    std::string operator()(const Choice*) const { return "name or table"; }
    std::string operator()(const std::vector<Choice>*) const { return "name, table or list of these"; }
  };
  return std::visit(Visitor{}, field);
}

std::string default_of(const Field& field, const Rule& rule) {
  if (rule.required) return "required";
  if (const auto* text = std::get_if<std::string*>(&field)) return "\"" + **text + "\"";
  if (const auto* choice = std::get_if<bool*>(&field)) return to_text(**choice);
  if (const auto* number = std::get_if<std::int64_t*>(&field)) return to_text(**number);
  if (const auto* number = std::get_if<double*>(&field)) return to_text(**number);
  if (const auto* choice = std::get_if<Choice*>(&field)) return "\"" + (*choice)->name + "\"";
  if (const auto* texts = std::get_if<std::vector<std::string>*>(&field);
      texts != nullptr && !(*texts)->empty())
    return "\"" + (*texts)->front() + "\"";
  return "";
}

std::string range_of(const Key& key) {
  switch (key.names) {
    case Names::embedder:
      return "an embedder of [models]";
    case Names::reranker:
      return "none | a reranker of [models]";
    case Names::llm:
    case Names::llm_or_none:
      return "a language model of [models]";
    case Names::judge:
      return "overlap | a language model of [models]";
    case Names::tokenizer:
      return "auto | words | an embedder of [models]";
    case Names::metric:
      return "a metric";
    case Names::nothing:
      break;
  }
  return range_text(key.rule);
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> the_keys = table();
  return the_keys;
}

std::vector<KeyInfo> key_infos() {
  Config defaults;
  std::vector<KeyInfo> infos;
  for (const auto& key : keys()) {
    const auto field = key.field(defaults);
    infos.push_back(
        {key.name, type_of(field), default_of(field, key.rule), range_of(key), key.help, key.example});
  }
  infos.push_back({"models.NAME.kind", "text", "required", "a kind of model",
                   "what the model is; it decides the other keys", "\"transformer\""});
  infos.push_back({"models.NAME.api_key.env", "text", "", "",
                   "the environment variable that holds the secret", "\"LLM_API_KEY\""});
  infos.push_back(
      {"models.NAME.api_key.file", "text", "", "", "the file that holds the secret", "\"/run/secrets/key\""});
  return infos;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names{"models"};
  for (const auto& key : keys()) names.push_back(key.name);
  return names;
}

}  // namespace dream::config
