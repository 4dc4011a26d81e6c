#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "judge/queries.hpp"
#include "sweep/latency_probe.hpp"
#include "sweep/plan.hpp"

namespace dream::sweep {
namespace {

/// Invariant: memory per rank = constants + the largest bucket and shard + a number of bytes per document and
/// chunk.
std::string describe_memory(const Plan& plan) {
  constexpr std::int64_t bytes_per_document = 320;  // rank 0: digest, path, format, names
  constexpr std::int64_t bytes_per_hit = 32;        // digest, ordinal, score, origin, offsets
  std::int64_t bucket = 0;
  std::int64_t shard = 0;
  for (const auto& b : plan.buckets) bucket = std::max(bucket, b.bytes);
  for (const auto& members : plan.shards) {
    std::int64_t bytes = 0;
    for (int b : members) bytes += plan.buckets[static_cast<std::size_t>(b)].bytes;
    shard = std::max(shard, bytes);
  }
  std::int64_t k = 0;
  for (const int number : plan.nodes_of(Stage::search))
    k = std::max(k, plan.nodes[static_cast<std::size_t>(number)].k);
  const auto questions = plan.slices.empty() ? 0 : plan.slices.back().end;
  return fmt::format(
      "memory of a rank, beside the program and the models' weights:\n"
      "  largest bucket    {:>14} bytes of files, a few times over while it is read and cut\n"
      "  largest shard     {:>14} bytes of files; 8 x dimension bytes for each of its chunks while it is "
      "searched\n"
      "  embedded texts     4 x dimension bytes for each distinct text, spread over the workers\n"
      "  hits              {:>14} bytes ({} questions x {} x {})\n"
      "  rank 0 only       {:>14} bytes ({} documents x {})\n",
      bucket, shard, questions * k * bytes_per_hit, questions, k, bytes_per_hit,
      plan.documents() * bytes_per_document, plan.documents(), bytes_per_document);
}

/// What rerankers read at most; a pair that several methods or embedders find is read once.
std::string describe_reranking(const Plan& plan, const config::Config& config) {
  const auto questions = plan.slices.empty() ? 0 : plan.slices.back().end;
  std::int64_t pairs = 0;
  std::int64_t calls = 0;
  for (const int number : plan.nodes_of(Stage::rerank)) {
    const auto& node = plan.nodes[static_cast<std::size_t>(number)];
    pairs += questions * node.k;
    const auto& params = config.model(node.reranker).params;
    if (!params.has("batch.texts")) continue;
    const auto batch = params.get<std::int64_t>("batch.texts");
    calls += questions * ((node.k + batch - 1) / batch);
  }
  if (pairs == 0) return "";
  return fmt::format(
      "reranking: at most {} pairs of question and chunk, in about {} calls; --until search counts calls and "
      "tokens "
      "to send\n",
      pairs, calls);
}

/// Calls to a language model, and what their replies can cost.
struct MostReplies {
  std::int64_t calls = 0;
  std::int64_t tokens = 0;
  double usd = 0;

  [[nodiscard]] std::string line(const char* what) const {
    return fmt::format("  {:<8} {:>14} calls {:>14} tokens of replies {:>14.4f} USD\n", what, calls, tokens,
                       usd);
  }
};

MostReplies most_replies(const config::Model& model, std::int64_t calls) {
  const auto tokens = calls * model.params.get<std::int64_t>("max_tokens");
  return {calls, tokens, static_cast<double>(tokens) * model.params.get<double>("price.output") / 1e6};
}

MostReplies operator+(const MostReplies& a, const MostReplies& b) {
  return {a.calls + b.calls, a.tokens + b.tokens, a.usd + b.usd};
}

/// What language models are asked at most.
struct CallBound {
  MostReplies answers;
  MostReplies scores;  ///< as many again may be asked to repair a reply
};

/// Of one score node for so many questions.
CallBound bound_calls(const Plan& plan, const config::Config& config, int number, std::int64_t questions) {
  const auto& node = plan.nodes[static_cast<std::size_t>(number)];
  CallBound bound;
  if (config.model(node.llm).kind == "openai")
    bound.answers = most_replies(config.model(node.llm), questions);
  if (config.judge.llm != "overlap") {
    const auto contexts = plan.nodes[static_cast<std::size_t>(node.inputs.at(0))].k;
    const auto queries =
        judge::most_queries(score::rules_of(config.judge.rules), config.judge.repeats, contexts);
    bound.scores = most_replies(config.model(config.judge.llm), questions * queries);
  }
  return bound;
}

/// What answers and scores take at most. What is sent depends on passages that nobody has seen yet.
std::string describe_calls(const Plan& plan, const config::Config& config) {
  const auto questions = plan.slices.empty() ? 0 : plan.slices.back().end;
  CallBound sum;
  for (const int number : plan.nodes_of(Stage::score)) {
    const auto one = bound_calls(plan, config, number, questions);
    sum = {sum.answers + one.answers, sum.scores + one.scores};
  }
  if (sum.answers.calls + sum.scores.calls == 0) return "model calls: none to language models\n";
  std::string text =
      "model calls, at most (fewer when replies are in the state folder or requests are equal):\n";
  if (sum.answers.calls > 0) text += sum.answers.line("answers");
  if (sum.scores.calls > 0) text += sum.scores.line("scores") + sum.scores.line("repairs");
  return text +
         "  and what is sent, which the passages decide: --until retrieve counts calls, tokens and cost\n";
}

/// Nobody knows the finalists yet, so the dearest trial is taken for each of them.
std::string describe_hold_out(const Plan& plan, const config::Config& config, std::int64_t held_out) {
  if (held_out == 0) return "";
  const auto finalists =
      std::min(config.golden.holdout_trials, static_cast<std::int64_t>(plan.trials.size()));
  CallBound most;
  for (const int number : plan.nodes_of(Stage::score)) {
    const auto one = bound_calls(plan, config, number, finalists * held_out);
    if (one.answers.usd >= most.answers.usd) most.answers = one.answers;
    if (one.scores.calls >= most.scores.calls) most.scores = one.scores;
  }
  std::string text = fmt::format("hold-out: {} more questions, for at most {} trials after the verdict\n",
                                 held_out, finalists);
  if (most.answers.calls > 0) text += most.answers.line("answers");
  if (most.scores.calls > 0) text += most.scores.line("scores") + most.scores.line("repairs");
  return text;
}

/// What embedders behind endpoints are sent, roughly: nothing has been read yet.
std::string describe_embedding(const Plan& plan, const config::Config& config) {
  std::map<std::string, std::int64_t> methods;
  for (const int number : plan.nodes_of(Stage::embed)) {
    const auto& name = plan.nodes[static_cast<std::size_t>(number)].embedder;
    if (config.model(name).kind == "openai") ++methods[name];
  }
  std::string text;
  for (const auto& [name, count] : methods) {
    const auto tokens = count * plan.bytes() / 4;
    text += fmt::format(
        "embedding: about {} tokens to {}, {:.4f} USD, a token taken as four bytes of a file; chunks that "
        "overlap "
        "take more, equal ones less\n",
        tokens, name,
        static_cast<double>(tokens) * config.model(name).params.get<double>("price.input") / 1e6);
  }
  return text;
}

/// Calls that one question takes when a trial serves it.
std::int64_t calls_of_question(const Plan& plan, const config::Config& config, const Trial& trial) {
  const auto remote = [&](const std::string& name) { return config.model(name).kind == "openai"; };
  std::int64_t calls = (remote(trial.embedder) ? 1 : 0) + (remote(trial.llm) ? 1 : 0);
  if (trial.rerank >= 0 && remote(trial.reranker)) {
    const auto batch = config.model(trial.reranker).params.get<std::int64_t>("batch.texts");
    calls += (plan.nodes[static_cast<std::size_t>(trial.rerank)].k + batch - 1) / batch;
  }
  return calls;
}

}  // namespace

std::string choices_of(const std::string& method, const std::string& embedder, const std::string& reranker,
                       std::int64_t k, const std::string& llm) {
  return fmt::format("{}, {}, {}top_k {}, {}", method, embedder,
                     reranker == no_reranker ? "" : reranker + ", ", k, llm);
}

std::string choices_of(const config::Config& config, const Trial& trial) {
  const auto& method = config.space.methods.at(static_cast<std::size_t>(trial.method));
  return choices_of(method.name, trial.embedder, trial.reranker, trial.k, trial.llm);
}

std::string title_of(const config::Config& config, const Trial& trial) {
  return fmt::format("trial {} ({})", trial.number, choices_of(config, trial));
}

std::string describe_probe(const Plan& plan, const config::Config& config) {
  const auto all = plan.slices.empty() ? 0 : plan.slices.back().end;
  const auto questions = std::min(all, config.objective.latency_probe);
  std::vector<std::int64_t> calls;  // of one question, by trial
  MostReplies dearest;
  for (const auto& trial : plan.trials) {
    calls.push_back(calls_of_question(plan, config, trial));
    if (calls.back() > 0 && config.model(trial.llm).kind == "openai") {
      const auto replies = most_replies(config.model(trial.llm), questions);
      if (replies.usd >= dearest.usd) dearest = replies;
    }
  }
  std::erase(calls, 0);
  if (questions == 0 || calls.empty()) return "";
  const auto trials = std::min(most_probed_trials, std::ssize(calls));
  return fmt::format(
      "latency probe: at most {} questions for each of {} trials after the scores, one at a time\n"
      "  at most {} calls, {} tokens of replies, {:.4f} USD, and what is sent\n",
      questions, trials, trials * questions * std::ranges::max(calls), trials * dearest.tokens,
      static_cast<double>(trials) * dearest.usd);
}

std::string describe(const Plan& plan, const config::Config& config, std::int64_t held_out) {
  std::string text =
      fmt::format("{} trials over {} documents ({} bytes, {} buckets, {} shards) and {} golden questions\n",
                  plan.trials.size(), plan.documents(), plan.bytes(), plan.buckets.size(), plan.shards.size(),
                  plan.slices.empty() ? 0 : plan.slices.back().end);
  text += fmt::format("{:<8} {:>14} {:>8}\n", "stage", "distinct nodes", "parts");
  for (int s = 0; s < stage_count; ++s) {
    const auto stage = static_cast<Stage>(s);
    const auto nodes = plan.nodes_of(stage);
    if (nodes.empty()) continue;
    std::int64_t parts = 0;
    for (int node : nodes) parts += plan.parts_of(plan.nodes[static_cast<std::size_t>(node)]);
    text += fmt::format("{:<8} {:>14} {:>8}\n", name_of(stage), nodes.size(), parts);
  }
  return text + describe_embedding(plan, config) + describe_reranking(plan, config) +
         describe_calls(plan, config) + describe_hold_out(plan, config, held_out) +
         describe_probe(plan, config) + describe_memory(plan);
}

}  // namespace dream::sweep
