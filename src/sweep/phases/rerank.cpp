#include <algorithm>
#include <map>

#include "comm/agree.hpp"
#include "parts/reranked.hpp"
#include "stages/rerank/order.hpp"
#include "sweep/contexts.hpp"
#include "sweep/pair_scores.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/rounds.hpp"
#include "sweep/usage.hpp"

// A reranker reads what the language model would read: the context of a hit, not the text that was embedded.
namespace dream::sweep {
namespace {

/// Contexts that a rank holds at a time; at a few kilobytes each they must fit into memory.
constexpr std::int64_t contexts_at_a_time = 100'000;

/// A part on its way: the hits of its questions, and what they say.
struct Work {
  Item item;
  Chosen hits;
  parts::SliceContexts contexts;
};

std::int64_t questions_at_a_time(const Run& run) {
  return std::max<std::int64_t>(1, contexts_at_a_time / run.config.space.rerank_from);
}

/// A reranker at a time, all methods together: a pair that two of them find is scored once. The items of one
/// chunking follow each other, so that its buckets are read in few rounds.
std::map<std::string, std::vector<Item>> by_reranker(const Run& run, const std::vector<Item>& items) {
  std::map<std::string, std::vector<Item>> groups;
  for (const auto& item : items) groups[run.node(item.node).reranker].push_back(item);
  for (auto& [reranker, group] : groups) {
    std::ranges::stable_sort(group, {}, [&](const Item& item) { return run.node(item.node).inputs.at(1); });
  }
  return groups;
}

/// Local.
std::vector<Work> load(const Run& run, std::span<const Item> items) {
  std::vector<Work> round;
  std::map<int, Retrieved> searches;
  std::map<int, std::vector<std::size_t>> by_chunking;  // chunk node -> places in `round`
  for (const auto& item : items) {
    run.pulse();
    const auto& node = run.node(item.node);
    const int search = node.inputs.at(0);
    if (!searches.contains(search))
      searches[search] = parts::load_retrieved(run.parts.open(run.key(search, 0)));
    const auto& slice = run.plan.slices[static_cast<std::size_t>(item.part)];
    by_chunking[node.inputs.at(1)].push_back(round.size());
    round.push_back({item, hits_of(searches.at(search), slice.begin, slice.end, node.k), {}});
  }
  for (const auto& [chunking, places] : by_chunking) {
    std::vector<Chosen> chosen;
    for (const auto place : places) chosen.push_back(round[place].hits);
    auto contexts =
        make_contexts(run, run.node(round[places.front()].item.node).inputs.at(2), chunking, chosen);
    for (std::size_t i = 0; i < places.size(); ++i) round[places[i]].contexts = std::move(contexts[i]);
  }
  return round;
}

std::string_view question_of(const Run& run, const Work& work, std::size_t q) {
  const auto& slice = run.plan.slices[static_cast<std::size_t>(work.item.part)];
  return run.questions[static_cast<std::size_t>(slice.begin) + q].question;
}

std::vector<rerank::Pair> pairs_of(const Run& run, const std::vector<Work>& round) {
  std::vector<rerank::Pair> pairs;
  for (const auto& work : round) {
    for (std::size_t q = 0; q < work.contexts.size(); ++q) {
      for (const auto& context : work.contexts[q]) pairs.push_back({question_of(run, work, q), context.text});
    }
  }
  return pairs;
}

std::int64_t tokens_of(std::string_view question, const std::vector<parts::Context>& contexts) {
  std::int64_t tokens = 0;
  for (const auto& context : contexts) tokens += std::ssize(question) / 4 + std::ssize(context.text) / 4 + 1;
  return tokens;
}

/// The part of a work whose scores begin at scores[0].
parts::Reranked reranked(const Run& run, const Work& work, std::span<const float> scores) {
  parts::Reranked part;
  std::size_t at = 0;
  for (std::size_t q = 0; q < work.hits.size(); ++q) {
    const auto& hits = work.hits[q];
    const auto ordered = rerank::in_order(hits, scores.subspan(at, hits.size()));
    at += hits.size();
    part.retrieved.chunks.insert(part.retrieved.chunks.end(), ordered.begin(), ordered.end());
    part.retrieved.offsets.push_back(std::ssize(part.retrieved.chunks));
    part.tokens.push_back(tokens_of(question_of(run, work, q), work.contexts[q]));
  }
  return part;
}

/// Collective.
void rerank_round(Run& run, PairScores& scorer, std::span<const Item> items, StageScope& scope) {
  const auto span = run.trace.span(Track::work, "round", std::ssize(items));
  std::vector<Work> round;
  comm::agree(run.comm, [&] {
    run.fault(Stage::rerank);
    const auto loading = run.trace.span(Track::work, "load", std::ssize(items));
    round = load(run, items);
  });
  const auto scores = scorer.score(pairs_of(run, round));
  comm::agree(run.comm, [&] {
    std::size_t at = 0;
    for (const auto& work : round) {
      const auto writing = run.span(work.item);
      const auto part = reranked(run, work, std::span(scores).subspan(at));
      at += part.retrieved.chunks.size();
      run.parts.write(work.item.key, [&](state::H5Writer& file) { parts::save(file, part); });
      scope.advance();
    }
  });
}

}  // namespace

void rerank_hits(Run& run) {
  if (run.plan.nodes_of(Stage::rerank).empty()) return;
  const auto items = pending(run, Stage::rerank);
  StageScope scope(run, Stage::rerank, items);
  for (const auto& [reranker, group] : by_reranker(run, items)) {
    PairScores scorer(run, reranker);
    scorer.greet();
    in_rounds(run.comm, mine(run, group), questions_at_a_time(run),
              [&](std::span<const Item> round) { rerank_round(run, scorer, round, scope); });
  }
}

std::optional<Forecast> foresee_reranking(Run& run) {
  const auto remote = [&](int number) { return run.calls.has(run.node(number).reranker); };
  if (std::ranges::none_of(run.plan.nodes_of(Stage::rerank), remote)) return std::nullopt;
  auto items = pending(run, Stage::rerank);
  std::erase_if(items, [&](const Item& item) { return !remote(item.node); });
  calls::Usage foreseen;
  for (const auto& [reranker, group] : by_reranker(run, items)) {
    PairScores scorer(run, reranker);
    scorer.foresee_greeting();
    in_rounds(run.comm, mine(run, group), questions_at_a_time(run),
              [&](std::span<const Item> items_of_round) {
                std::vector<Work> round;
                comm::agree(run.comm, [&] { round = load(run, items_of_round); });
                scorer.foresee(pairs_of(run, round));
              });
    foreseen[{"rerank", reranker}] = scorer.foreseen();
  }
  return Forecast{gather_usage(run.comm, foreseen), 0};
}

}  // namespace dream::sweep
