#include "sweep/pair_scores.hpp"

#include <fmt/format.h>

#include "calls/rerank.hpp"
#include "comm/agree.hpp"
#include "stages/rerank/order.hpp"

namespace dream::sweep {
namespace {

/// Nobody's question and passage.
constexpr rerank::Pair first_pair{"question", "passage"};

/// What a request carries, until it is served.
struct OwnedPair {
  std::string query, passage;
  explicit OwnedPair(const std::string& payload) {
    Unpacker reader{std::string_view(payload)};
    query = reader.get<std::string>();
    passage = reader.get<std::string>();
  }
};

}  // namespace

PairScores::PairScores(Run& run, const std::string& reranker) : run_(run) {
  if (run.calls.has(reranker))
    there_ = &run.calls.endpoint(reranker);
  else
    here_ = &run.models.reranker(reranker);
}

void PairScores::greet() {
  if (there_ == nullptr) return;
  std::vector<Request> requests;
  if (run_.comm.rank() == 0) requests = requests_of({&first_pair, 1});
  const auto replies = run_.calls.once(requests, [&](const std::vector<Request>& distinct) {
    std::vector<Served> served;
    for (const auto& request : distinct) {
      const auto asked = run_.calls.scores().ask_first(*there_, request.payload, run_.calls.pulse());
      if (asked.reason == "budget")
        served.emplace_back();
      else
        served.push_back(Packer().put(asked.reason).take());
    }
    return served;
  });
  comm::agree(run_.comm, [&] {
    if (replies.empty()) return;
    const auto reason = Unpacker(replies[0]).get<std::string>();
    if (reason.empty()) return;
    throw EndpointError(there_->base_url + "/rerank", 0, static_cast<int>(there_->attempts),
                        reason + ": no score for a first pair; the same command tries again");
  });
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
  const auto requests = requests_of(pairs);
  const auto serve_all = [this](const std::vector<Request>& distinct) { return serve(distinct); };
  std::vector<Bytes> replies;
  if (there_ != nullptr) {
    replies = run_.calls.once(requests, serve_all);
  } else {
    replies = once(run_.comm, run_.workers, requests, [&](const std::vector<Request>& distinct) {
      std::vector<Bytes> all;
      for (auto& served : serve_all(distinct)) all.push_back(std::move(served.value()));
      return all;
    });
  }
  std::vector<float> scores;
  scores.reserve(replies.size());
  for (const auto& reply : replies) scores.push_back(Unpacker(reply).get<float>());
  return scores;
}

std::vector<Served> PairScores::serve(const std::vector<Request>& requests) {
  std::vector<const Request*> fresh;
  for (const auto& request : requests) {
    if (!known_.contains(request.key)) fresh.push_back(&request);
  }
  if (there_ != nullptr)
    score_there(fresh);
  else
    score_here(fresh);
  for (const auto* request : fresh) run_.tally.pairs_scored += known_.contains(request->key) ? 1 : 0;
  std::vector<Served> replies;
  for (const auto& request : requests) {
    const auto score = known_.find(request.key);
    if (score == known_.end())
      replies.emplace_back();
    else
      replies.emplace_back(Packer().put(score->second).take());
  }
  // A memory only: what is asked for again is scored again, to the same bits.
  if (known_.size() > most_known) known_.clear();
  return replies;
}

void PairScores::score_here(const std::vector<const Request*>& fresh) {
  std::vector<OwnedPair> owned;
  owned.reserve(fresh.size());
  for (const auto* request : fresh) owned.emplace_back(request->payload);
  std::vector<rerank::Pair> pairs;
  for (const auto& pair : owned) pairs.push_back({pair.query, pair.passage});
  const auto span = run_.trace.span(Track::work, "score pairs", std::ssize(pairs));
  std::vector<float> scores(pairs.size());
  if (!pairs.empty()) here_->score(pairs, scores, run_.pulse);
  for (std::size_t i = 0; i < fresh.size(); ++i) known_[fresh[i]->key] = scores[i];
}

void PairScores::score_there(const std::vector<const Request*>& fresh) {
  std::vector<std::string> texts;
  for (const auto* request : fresh) texts.push_back(request->payload);
  const auto asked = run_.calls.scores().ask(*there_, 1, texts, run_.calls.pulse());
  std::int64_t failed = 0;
  std::string reason;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (asked[i].reason == "budget") continue;
    if (!asked[i].final) {
      ++failed;
      reason = asked[i].reason;
    } else if (asked[i].reason.empty()) {
      known_[fresh[i]->key] = asked[i].vector[0];
    } else {
      known_[fresh[i]->key] = rerank::no_score;
      ++run_.tally.pairs_refused;
      run_.log(Level::warning,
               fmt::format("models.{} gives no score for a chunk ({}): {:.60}...", there_->name,
                           asked[i].reason, OwnedPair(fresh[i]->payload).passage));
    }
  }
  if (failed == 0) return;
  // A ranking of a part of its chunks would be another ranking: the sweep ends, and the next one asks for
  // these.
  throw EndpointError(there_->base_url + "/rerank", 0, static_cast<int>(there_->attempts),
                      fmt::format("{}: no scores for {} chunks; the same command continues", reason, failed));
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
