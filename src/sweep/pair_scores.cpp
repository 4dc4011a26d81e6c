#include "sweep/pair_scores.hpp"

#include "calls/rerank.hpp"
#include "stages/rerank/order.hpp"

namespace dream::sweep {
namespace {

/// Nobody's question and passage.
constexpr rerank::Pair first_pair{"question", "passage"};

/// What a request carries.
struct OwnedPair {
  std::string query, passage;
  explicit OwnedPair(std::string_view payload) {
    Unpacker reader(payload);
    query = reader.get<std::string>();
    passage = reader.get<std::string>();
  }
};

void score_here(const rerank::Reranker& reranker, std::span<const std::string_view> payloads,
                std::span<float> scores, const Pulse& pulse) {
  const std::vector<OwnedPair> owned(payloads.begin(), payloads.end());
  std::vector<rerank::Pair> pairs;
  pairs.reserve(owned.size());
  for (const auto& pair : owned) pairs.push_back({pair.query, pair.passage});
  reranker.score(pairs, scores, pulse);
}

RowModel row_model(Run& run, const std::string& reranker) {
  RowModel model{.row = "score", .text = "passage", .cols = 1};
  if (run.calls.has(reranker)) {
    model.there = &run.calls.endpoint(reranker);
    model.asker = &run.calls.scores();
    model.refused = rerank::no_score;
    model.shown = [](const std::string& payload) { return OwnedPair(payload).passage; };
    return model;
  }
  model.make = [&here = run.models.reranker(reranker), &run](std::span<const std::string_view> payloads,
                                                             MatrixView<float> rows) {
    score_here(here, payloads, rows.flat(), run.pulse);
  };
  return model;
}

}  // namespace

PairScores::PairScores(Run& run, const std::string& reranker)
    : run_(run),
      there_(run.calls.has(reranker) ? &run.calls.endpoint(reranker) : nullptr),
      rows_(run, row_model(run, reranker), {run.tally.pairs_scored, run.tally.pairs_refused}) {}

void PairScores::greet() {
  if (there_ != nullptr) rows_.greet(requests_of({&first_pair, 1}).front());
}

/// Where a model computes, pairs are spread evenly; an endpoint takes the passages of a question in one
/// request, so these have one home.
std::vector<Request> PairScores::requests_of(std::span<const rerank::Pair> pairs) const {
  std::vector<Request> requests;
  requests.reserve(pairs.size());
  for (const auto& [query, passage] : pairs) {
    auto text = calls::pair_text(query, passage);
    const auto name = there_ != nullptr ? calls::pair_name(query, passage) : digest_of(text);
    requests.push_back({name, std::move(text)});
  }
  return requests;
}

std::vector<float> PairScores::score(std::span<const rerank::Pair> pairs) {
  return rows_.rows(requests_of(pairs)).values;
}

void PairScores::foresee(std::span<const rerank::Pair> pairs) {
  (void)once(run_.comm, run_.workers, requests_of(pairs), [this](const std::vector<Request>& distinct) {
    count(distinct);
    return std::vector<Bytes>(distinct.size());
  });
}

void PairScores::foresee_greeting() {
  if (run_.comm.rank() == 0)
    foresee({&first_pair, 1});
  else
    foresee({});
}

void PairScores::count(const std::vector<Request>& requests) {
  std::vector<std::string> missing;
  std::vector<std::size_t> all;
  std::int64_t tokens = 0;
  for (const auto& request : requests) {
    if (!counted_.insert(request.key).second) continue;
    if (run_.calls.store().find(calls::rerank_kind().key(*there_, request.payload))) {
      ++foreseen_.from_store;
      continue;
    }
    all.push_back(missing.size());
    missing.push_back(request.payload);
    tokens += static_cast<std::int64_t>(calls::expected_tokens(request.payload.size(), 0));
  }
  foreseen_.sent += std::ssize(run_.calls.scores().batches(*there_, missing, all));
  foreseen_.input_tokens += tokens;
  foreseen_.usd += calls::cost_of(*there_, tokens, 0).usd;
}

}  // namespace dream::sweep
