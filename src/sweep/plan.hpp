#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "config/config.hpp"

/// The plan: what a sweep consists of, before anything runs. Plain data made from plain data, without a
/// communicator, a file or a clock; so it can be printed, tested, and made on every rank alike.
namespace dream::sweep {

/// The stages in the order in which they run. `gold` finds where the golden evidence stands; `query` embeds
/// the questions; `rerank` orders the hits anew; `select` cuts them at k and merges leaves into parents;
/// `score` generates answers and judges them.
enum class Stage { read, gold, chunk, embed, query, index, search, rerank, select, score };
[[nodiscard]] const char* name_of(Stage stage);
inline constexpr int stage_count = 10;

/// In the place of a reranker: the hits stay as the search found them.
inline constexpr const char* no_reranker = "none";

/// The key of the read part of a bucket with this content. Reading has no parameters: its limits decide
/// whether a document is read, not what its text is.
[[nodiscard]] Digest read_key(const Digest& content);

/// Digest of a bucket's documents, given sorted.
[[nodiscard]] Digest content_of(const std::vector<Digest>& documents);

/// The documents whose content hash falls into one bucket. A bucket's work is done by one rank.
struct Bucket {
  std::int64_t number = 0;  ///< bucket_number() of its documents
  Digest content;           ///< of the documents' hashes, sorted
  std::int64_t bytes = 0;   ///< of the files
  std::int64_t documents = 0;
};

/// The bucket, of `buckets`, that a document belongs to.
[[nodiscard]] std::int64_t bucket_number(const Digest& document, std::int64_t buckets);

/// What a stage's work is cut by.
enum class Cut {
  bucket,    ///< a part per bucket
  shard,     ///< a part per run of buckets
  question,  ///< a part per slice of the golden questions, whatever the corpus
  corpus,    ///< one part for corpus and questions
  slice      ///< a part per slice of the golden questions, over the whole corpus
};

/// A distinct piece of the sweep: a stage with its parameters and all that lies upstream. Equal recipe, same
/// node.
struct Node {
  Stage stage = Stage::read;
  Cut cut = Cut::bucket;
  std::string label;        ///< for people: "hierarchical(...) | minilm"
  Digest recipe;            ///< stage, version, parameters, recipes upstream, models; never the documents
  std::vector<int> inputs;  ///< nodes that this one reads
  int method = -1;          ///< index into Config.space.methods, where it matters
  std::string embedder;     ///< where it matters
  std::string reranker;     ///< rerank
  std::int64_t k = 0;  ///< hits of a question: search and rerank: all that may be needed, select: its own
  std::string llm;     ///< score
};

/// One configuration under test and the nodes that make it.
struct Trial {
  int number = 0;
  int method = 0;
  std::string embedder;
  std::string reranker = no_reranker;
  std::int64_t k = 0;
  std::string llm;
  int chunk = -1, embed = -1, query = -1, index = -1, search = -1, select = -1, score = -1;
  int rerank = -1;  ///< -1 without a reranker
};

/// A run of golden questions: [begin, end).
struct Slice {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  Digest content;
};

struct Plan {
  std::vector<Bucket> buckets;           ///< only those with documents, by number
  std::vector<std::vector<int>> shards;  ///< indices into `buckets`; only those with documents
  std::vector<Slice> slices;
  Digest corpus;     ///< digest of all documents
  Digest questions;  ///< digest of all golden questions
  std::vector<Node> nodes;
  std::vector<Trial> trials;

  [[nodiscard]] int parts_of(const Node& node) const;
  /// The key of part `part` of a node: its recipe and the content that it is cut from.
  [[nodiscard]] Digest part_key(const Node& node, int part) const;
  [[nodiscard]] std::int64_t documents() const;
  [[nodiscard]] std::int64_t bytes() const;
  /// Numbers of distinct nodes of a stage.
  [[nodiscard]] std::vector<int> nodes_of(Stage stage) const;
};

/// Digests that only a loaded model or a table knows, by the names that the config uses.
struct Identities {
  std::map<std::string, Digest> embedders;  ///< model name -> weights, tokenizer, pooling, numeric class
  std::map<std::string, Digest>
      rerankers;                       ///< model name -> weights, tokenizer, numeric class, or remote name
  std::map<std::string, Digest> llms;  ///< model name -> kind, parameters, prompt; not its URL
  Digest tokenizer;                    ///< of chunking.tokenizer
  Digest judge;
  Digest document_names;         ///< which names the documents bear, when golden sources refer to them
  std::vector<Digest> methods;   ///< of each method: row version and parameters
  std::vector<bool> auto_merge;  ///< of each method
};

/// Digest of all golden questions, from the digest of each: what manifest.json has as golden.digest.
[[nodiscard]] Digest digest_of_questions(const std::vector<Digest>& questions);

/// Makes the plan. questions: a digest for each golden question, in order. Linear in trials: 10,000 take
/// milliseconds. only: numbers of the trials that it is for; empty: all.
[[nodiscard]] Plan make_plan(const config::Config& config, const Identities& identities,
                             std::vector<Bucket> buckets, const std::vector<Digest>& questions,
                             const std::set<int>& only = {});

/// A trial's choices as people read them: "overlap, minilm, top_k 4, quote"; without a reranker none is
/// named. The second is for those who have no Trial; `method` may have its parameters then.
[[nodiscard]] std::string choices_of(const config::Config& config, const Trial& trial);
[[nodiscard]] std::string choices_of(const std::string& method, const std::string& embedder,
                                     const std::string& reranker, std::int64_t k, const std::string& llm);

/// How sentences name a trial: "trial 3 (overlap, minilm, top_k 4, quote)".
[[nodiscard]] std::string title_of(const config::Config& config, const Trial& trial);

/// What objective.latency_probe will ask at most; empty without it.
[[nodiscard]] std::string describe_probe(const Plan& plan, const config::Config& config);

/// Human text for --plan: trials, distinct nodes and parts per stage, bounds on calls. held_out: questions
/// that only finalists will be asked.
[[nodiscard]] std::string describe(const Plan& plan, const config::Config& config, std::int64_t held_out = 0);

}  // namespace dream::sweep
