#include "sweep/text_vectors.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "comm/agree.hpp"

namespace dream::sweep {
namespace {

std::vector<float> normalised(std::vector<float> vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  for (auto& x : vector) x = static_cast<float>(static_cast<double>(x) / std::sqrt(squares));
  return vector;
}

}  // namespace

TextVectors::TextVectors(Run& run, const std::string& embedder, embed::Role role) : run_(run), role_(role) {
  if (!run.calls.has(embedder)) {
    here_ = &run.models.embedder(embedder);
    dimension_ = here_->dimension();
    return;
  }
  there_ = &run.calls.endpoint(embedder);
  prefix_ = role == embed::Role::query ? there_->query_prefix : there_->passage_prefix;
  dimension_ = ask_dimension();
}

/// One text, which is nobody's: it goes out before any other, so that a model of another dimension, or an
/// endpoint that refuses our kind of request, is noticed before anything is paid for.
std::int64_t TextVectors::ask_dimension() {
  const std::string text = "dimension";
  std::vector<Request> requests;
  if (run_.comm.rank() == 0) requests.push_back({digest_of(text), text});
  const auto replies = run_.calls.once(requests, [&](const std::vector<Request>& distinct) {
    std::vector<Served> served;
    for (const auto& request : distinct) {
      const auto asked = run_.calls.vectors().ask_first(*there_, request.payload, run_.calls.pulse());
      if (asked.reason == "budget")
        served.emplace_back();
      else
        served.push_back(Packer().put(std::ssize(asked.vector)).put(asked.reason).take());
    }
    return served;
  });
  std::int64_t dimension = 0;
  comm::agree(run_.comm, [&] {
    if (replies.empty()) return;
    Unpacker reader(replies[0]);
    dimension = reader.get<std::ptrdiff_t>();
    if (dimension == 0) {
      throw EndpointError(
          there_->base_url + "/embeddings", 0, static_cast<int>(there_->attempts),
          reader.get<std::string>() + ": no vector for a first text; the same command tries again");
    }
  });
  run_.comm.broadcast(std::span<std::int64_t>(&dimension, 1), 0);
  return dimension;
}

Matrix TextVectors::embed(std::span<const std::string> texts) {
  std::vector<Request> requests;
  requests.reserve(texts.size());
  for (const auto& text : texts) requests.push_back({digest_of(text), text});
  const auto serve_all = [this](const std::vector<Request>& distinct) { return serve(distinct); };
  std::vector<Bytes> replies;
  if (there_ != nullptr) {
    replies = run_.calls.once(requests, serve_all);
  } else {
    const auto serve_here = [&](const std::vector<Request>& distinct) {
      std::vector<Bytes> all;
      for (auto& served : serve_all(distinct)) all.push_back(std::move(served.value()));
      return all;
    };
    replies = once(run_.comm, run_.workers, requests, serve_here, run_.vectors);
  }
  Matrix vectors(std::ssize(texts), dimension_);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    auto row = vectors.row(static_cast<std::int64_t>(i));
    DREAM_CHECK(replies[i].size() == row.size_bytes(), "a vector for each text");
    std::memcpy(row.data(), replies[i].data(), replies[i].size());
  }
  return vectors;
}

void TextVectors::embed_here(const std::vector<const Request*>& fresh) {
  std::vector<std::string_view> texts;
  for (const auto* request : fresh) texts.push_back(request->payload);
  Matrix vectors(std::ssize(texts), dimension_);
  if (!texts.empty()) here_->embed(texts, role_, vectors.view(), run_.pulse);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const auto row = vectors.row(static_cast<std::int64_t>(i));
    known_[fresh[i]->key].assign(row.begin(), row.end());
  }
}

void TextVectors::embed_there(const std::vector<const Request*>& fresh) {
  std::vector<std::string> texts;
  for (const auto* request : fresh) texts.push_back(prefix_ + request->payload);
  const auto asked = run_.calls.vectors().ask(*there_, dimension_, texts, run_.calls.pulse());
  std::int64_t failed = 0;
  std::string reason;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (asked[i].reason == "budget") continue;
    if (!asked[i].final) {
      ++failed;
      reason = asked[i].reason;
    } else if (asked[i].reason.empty()) {
      known_[fresh[i]->key] = normalised(asked[i].vector);
    } else {
      known_[fresh[i]->key].assign(static_cast<std::size_t>(dimension_), 0);
      ++run_.tally.texts_refused;
      run_.log(Level::warning, fmt::format("models.{} gives no vector for a text ({}): {:.60}...",
                                           there_->name, asked[i].reason, fresh[i]->payload));
    }
  }
  if (failed == 0) return;
  // A sweep over a part of its texts would be another sweep: it ends, and the next one asks for these alone.
  throw EndpointError(there_->base_url + "/embeddings", 0, static_cast<int>(there_->attempts),
                      fmt::format("{}: no vectors for {} texts; the same command continues", reason, failed));
}

std::vector<Served> TextVectors::serve(const std::vector<Request>& requests) {
  std::vector<const Request*> fresh;
  for (const auto& request : requests) {
    if (!known_.contains(request.key)) fresh.push_back(&request);
  }
  if (there_ != nullptr)
    embed_there(fresh);
  else
    embed_here(fresh);
  std::vector<Served> replies;
  for (const auto& request : requests) {
    const auto vector = known_.find(request.key);
    if (vector == known_.end()) {
      replies.emplace_back();
      continue;
    }
    const auto* bytes = reinterpret_cast<const char*>(vector->second.data());
    replies.emplace_back(Bytes(bytes, bytes + vector->second.size() * sizeof(float)));
  }
  for (const auto* request : fresh) run_.tally.texts_embedded += known_.contains(request->key) ? 1 : 0;
  const auto held = std::ssize(known_) * dimension_ * static_cast<std::int64_t>(sizeof(float));
  if (held > memory_bytes)
    known_.clear();  // a memory only: what is asked for again is embedded again, to the same bits
  return replies;
}

}  // namespace dream::sweep
