#include "sweep/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/errors.hpp"

namespace dream::sweep {
namespace {

/// Raise a stage's version when its output changes for the same input: a pinned-output test goes red until
/// you do.
constexpr std::int64_t version_of(Stage stage) {
  switch (stage) {
    case Stage::read:
      return 1;
    case Stage::gold:
      return 1;
    case Stage::chunk:
      return 1;
    case Stage::embed:
      return 1;
    case Stage::query:
      return 1;
    case Stage::index:
      return 2;
    case Stage::search:
      return 1;
    case Stage::rerank:
      return 1;
    case Stage::select:
      return 1;
    case Stage::score:
      return 3;
  }
  return 0;
}

constexpr std::int64_t slice_target = 16;  ///< questions are cut into at most so many slices

/// Collects nodes; a node with a recipe that is already there is that node.
class NodeTable {
 public:
  explicit NodeTable(std::vector<Node>& nodes) : nodes_(nodes) {}

  /// `fields`: what, beside the inputs, decides the output.
  int add(Node node, const std::vector<std::string>& fields) {
    Hasher hasher("stage");
    hasher.add(name_of(node.stage)).add(version_of(node.stage));
    for (const auto& field : fields) hasher.add(field);
    for (int input : node.inputs) hasher.add(nodes_[static_cast<std::size_t>(input)].recipe);
    node.recipe = hasher.finish();
    const auto [at, is_new] = known_.try_emplace(node.recipe, static_cast<int>(nodes_.size()));
    if (is_new) nodes_.push_back(std::move(node));
    return at->second;
  }

 private:
  std::vector<Node>& nodes_;
  std::unordered_map<Digest, int> known_;
};

std::vector<Slice> make_slices(const std::vector<Digest>& questions) {
  const auto n = static_cast<std::int64_t>(questions.size());
  const auto count = std::min(slice_target, n);
  std::vector<Slice> slices;
  for (std::int64_t s = 0; s < count; ++s) {
    Slice slice{n * s / count, n * (s + 1) / count, {}};
    Hasher hasher("slice");
    for (auto q = slice.begin; q < slice.end; ++q) hasher.add(questions[static_cast<std::size_t>(q)]);
    slice.content = hasher.finish();
    slices.push_back(slice);
  }
  return slices;
}

/// Shards are fixed runs of bucket numbers, so a shard's documents do not depend on the number of ranks.
std::vector<std::vector<int>> make_shards(const std::vector<Bucket>& buckets, std::int64_t bucket_count,
                                          std::int64_t shard_count) {
  std::vector<std::vector<int>> shards(static_cast<std::size_t>(shard_count));
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    shards[static_cast<std::size_t>(buckets[i].number * shard_count / bucket_count)].push_back(
        static_cast<int>(i));
  }
  std::erase_if(shards, [](const auto& shard) { return shard.empty(); });
  return shards;
}

Node make_node(Stage stage, Cut cut, std::string label, std::vector<int> inputs) {
  Node node;
  node.stage = stage;
  node.cut = cut;
  node.label = std::move(label);
  node.inputs = std::move(inputs);
  return node;
}

void add_trial(Plan& plan, NodeTable& nodes, const config::Config& config, const Identities& identities,
               int read, Trial trial) {
  const auto at = static_cast<std::size_t>(trial.method);
  const auto& method = config.space.methods[at];
  const auto& embedder = identities.embedders.at(trial.embedder).hex();
  const bool reranks = trial.reranker != no_reranker;
  // Whatever top_k, the hits of a search are the same, and so are those that a reranker reads.
  const auto depth = reranks ? config.space.rerank_from : std::ranges::max(config.space.top_k);
  const auto label = method.canonical();

  auto chunk = make_node(Stage::chunk, Cut::bucket, label, {read});
  chunk.method = trial.method;
  trial.chunk = nodes.add(chunk, {identities.methods[at].hex(), identities.tokenizer.hex()});

  auto embed = make_node(Stage::embed, Cut::bucket, label + " | " + trial.embedder, {trial.chunk});
  embed.embedder = trial.embedder;
  trial.embed = nodes.add(embed, {embedder});

  auto query = make_node(Stage::query, Cut::question, trial.embedder, {});
  query.embedder = trial.embedder;
  trial.query = nodes.add(query, {embedder});

  auto index =
      make_node(Stage::index, Cut::shard, label + " | " + trial.embedder, {trial.chunk, trial.embed});
  trial.index = nodes.add(index, {config.index.factory, std::to_string(config.index.shards)});

  auto search = make_node(Stage::search, Cut::corpus, label + " | " + trial.embedder,
                          {trial.index, trial.embed, trial.query});
  search.k = depth;
  trial.search = nodes.add(search, {std::to_string(depth), std::to_string(config.index.margin)});

  auto path = label + " | " + trial.embedder;
  if (reranks) {
    path += " | " + trial.reranker;
    auto rerank = make_node(Stage::rerank, Cut::slice, path, {trial.search, trial.chunk, read});
    rerank.reranker = trial.reranker;
    rerank.k = depth;
    trial.rerank = nodes.add(rerank, {identities.rerankers.at(trial.reranker).hex()});
  }

  path += fmt::format(" | k = {}", trial.k);
  auto select =
      make_node(Stage::select, Cut::slice, path, {reranks ? trial.rerank : trial.search, trial.chunk, read});
  select.k = trial.k;
  select.method = trial.method;
  trial.select =
      nodes.add(select, {std::to_string(trial.k), identities.auto_merge[at] ? "auto_merge" : "plain"});

  auto score = make_node(Stage::score, Cut::slice, path + " | " + trial.llm, {trial.select});
  score.llm = trial.llm;
  trial.score = nodes.add(score, {identities.llms.at(trial.llm).hex(), identities.judge.hex(),
                                  identities.document_names.hex(), std::to_string(version_of(Stage::gold))});
  plan.trials.push_back(trial);
}

}  // namespace

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::read:
      return "read";
    case Stage::gold:
      return "gold";
    case Stage::chunk:
      return "chunk";
    case Stage::embed:
      return "embed";
    case Stage::query:
      return "query";
    case Stage::index:
      return "index";
    case Stage::search:
      return "search";
    case Stage::rerank:
      return "rerank";
    case Stage::select:
      return "select";
    case Stage::score:
      return "score";
  }
  return "?";
}

Digest content_of(const std::vector<Digest>& documents) {
  Hasher hasher("bucket");
  for (const auto& document : documents) hasher.add(document);
  return hasher.finish();
}

Digest read_key(const Digest& content) {
  Plan plan;
  plan.buckets.push_back({0, content, 0, 0});
  NodeTable(plan.nodes).add(make_node(Stage::read, Cut::bucket, "documents", {}), {});
  return plan.part_key(plan.nodes[0], 0);
}

std::int64_t bucket_number(const Digest& document, std::int64_t buckets) {
  return static_cast<std::int64_t>(document.prefix() % static_cast<std::uint64_t>(buckets));
}

int Plan::parts_of(const Node& node) const {
  switch (node.cut) {
    case Cut::bucket:
      return static_cast<int>(buckets.size());
    case Cut::shard:
      return static_cast<int>(shards.size());
    case Cut::question:
    case Cut::slice:
      return static_cast<int>(slices.size());
    case Cut::corpus:
      return 1;
  }
  return 0;
}

Digest Plan::part_key(const Node& node, int part) const {
  Hasher hasher("part");
  hasher.add(node.recipe);
  const auto at = static_cast<std::size_t>(part);
  switch (node.cut) {
    case Cut::bucket:
      hasher.add(buckets[at].content);
      break;
    case Cut::shard:
      for (int b : shards[at]) hasher.add(buckets[static_cast<std::size_t>(b)].content);
      break;
    case Cut::question:
      hasher.add(slices[at].content);
      break;
    case Cut::corpus:
      hasher.add(corpus).add(questions);
      break;
    case Cut::slice:
      hasher.add(corpus).add(slices[at].content);
      break;
  }
  return hasher.finish();
}

std::int64_t Plan::documents() const {
  std::int64_t sum = 0;
  for (const auto& bucket : buckets) sum += bucket.documents;
  return sum;
}

std::int64_t Plan::bytes() const {
  std::int64_t sum = 0;
  for (const auto& bucket : buckets) sum += bucket.bytes;
  return sum;
}

std::vector<int> Plan::nodes_of(Stage stage) const {
  std::vector<int> found;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].stage == stage) found.push_back(static_cast<int>(i));
  }
  return found;
}

Digest digest_of_questions(const std::vector<Digest>& questions) {
  Hasher all_questions("questions");
  for (const auto& question : questions) all_questions.add(question);
  return all_questions.finish();
}

Plan make_plan(const config::Config& config, const Identities& identities, std::vector<Bucket> buckets,
               const std::vector<Digest>& questions, const std::set<int>& only) {
  Plan plan;
  plan.buckets = std::move(buckets);
  plan.shards = make_shards(plan.buckets, config.corpus.buckets, config.index.shards);
  plan.slices = make_slices(questions);
  Hasher all_documents("corpus");
  for (const auto& bucket : plan.buckets) all_documents.add(bucket.content);
  plan.corpus = all_documents.finish();
  plan.questions = digest_of_questions(questions);

  int number = 0;
  NodeTable nodes(plan.nodes);
  const int read = nodes.add(make_node(Stage::read, Cut::bucket, "documents", {}), {});
  nodes.add(make_node(Stage::gold, Cut::bucket, "gold", {read}), {plan.questions.hex()});
  for (int m = 0; m < std::ssize(config.space.methods); ++m) {
    for (const auto& embedder : config.space.embedders) {
      for (const auto& reranker : config.space.rerankers) {
        for (const auto k : config.space.top_k) {
          for (const auto& llm : config.space.llms) {
            if (++number; !only.empty() && !only.contains(number)) continue;
            Trial trial;
            trial.number = number;
            trial.method = m;
            trial.embedder = embedder;
            trial.reranker = reranker;
            trial.k = k;
            trial.llm = llm;
            add_trial(plan, nodes, config, identities, read, trial);
          }
        }
      }
    }
  }
  return plan;
}

}  // namespace dream::sweep
