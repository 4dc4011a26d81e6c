#include "calls/vector_asker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.hpp"

namespace dream::calls {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view path = "/embeddings";
constexpr std::size_t bytes_of_a_token = 4;

EmbeddingsRequest request_of(const Endpoint& endpoint) {
  return {endpoint.model, endpoint.dimensions, endpoint.base64};
}

AskedVector without_vector() {
  AskedVector asked;
  asked.reason = "no_vector";
  return asked;
}

AskedVector from_store(CallRecord record) {
  net::HttpResult result;
  result.status = record.status;
  result.body = std::move(record.body);
  auto reply = read_embeddings(result, 1);
  if (reply.verdict != Verdict::answer) return {{}, std::move(reply.reason), true};
  if (reply.vectors[0].empty()) return without_vector();
  return {std::move(reply.vectors[0]), {}, true};
}

}  // namespace

Digest vector_key(const Endpoint& endpoint, const std::string& text) {
  return call_key(endpoint.model, endpoint.revision, embedding_identity(request_of(endpoint), text), 0);
}

std::vector<AskedVector> VectorAsker::ask(const Endpoint& endpoint, std::int64_t dimension,
                                          const std::vector<std::string>& texts, const Pulse& pulse) {
  endpoint_ = &endpoint;
  dimension_ = dimension;
  texts_.clear();
  std::unordered_map<std::string_view, std::size_t> number;
  for (const auto& text : texts) {
    if (number.try_emplace(text, texts_.size()).second) texts_.push_back(text);
  }
  open_.clear();
  try {
    look_up();
    while (!open_.empty()) {
      pulse();
      for (const auto& sent : sender_.advance(milliseconds(20))) receive(sent);
      if (auto fatal = sender_.take_fatal()) throw *std::move(fatal);
      if (store_.journal().due()) store_.commit();
    }
  } catch (...) {
    sender_.abandon();
    try {
      store_.commit();
    } catch (const StateError&) {
      // The first error says more than a second failure to write.
    }
    throw;
  }
  store_.commit();
  std::vector<AskedVector> vectors;
  vectors.reserve(texts.size());
  for (const auto& text : texts) vectors.push_back(asked_[number.at(text)]);
  return vectors;
}

AskedVector VectorAsker::ask_first(const Endpoint& endpoint, const std::string& text, const Pulse& pulse) {
  first_ = true;
  auto asked = ask(endpoint, endpoint.dimensions, {text}, pulse).at(0);
  first_ = false;
  return asked;
}

void VectorAsker::look_up() {
  keys_.clear();
  asked_.assign(texts_.size(), {});
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    keys_.push_back(vector_key(*endpoint_, texts_[i]));
    auto record = store_.find(keys_[i]);
    if (!record) {
      missing.push_back(i);
      continue;
    }
    asked_[i] = from_store(*std::move(record));
    if (asked_[i].reason.empty()) check_dimension(asked_[i].vector.size());
  }
  const auto found = static_cast<std::int64_t>(texts_.size() - missing.size());
  sender_.count("embed", *endpoint_, [found](auto& counts) { counts.from_store += found; });
  send_in_batches(missing);
}

void VectorAsker::send_in_batches(const std::vector<std::size_t>& members) {
  std::vector<std::size_t> batch;
  std::size_t bytes = 0;
  for (const auto i : members) {
    const bool full =
        std::ssize(batch) == endpoint_->batch_texts ||
        (bytes + texts_[i].size()) / bytes_of_a_token > static_cast<std::size_t>(endpoint_->batch_tokens);
    if (full && !batch.empty()) {
      send(std::exchange(batch, {}));
      bytes = 0;
    }
    batch.push_back(i);
    bytes += texts_[i].size();
  }
  if (!batch.empty()) send(std::move(batch));
}

void VectorAsker::send(std::vector<std::size_t> members) {
  std::vector<std::string> texts;
  for (const auto i : members) texts.push_back(texts_[i]);
  const auto id = next_++;
  const auto count = members.size();
  open_.emplace(id, Batch{std::move(members), {}});
  const auto read = [this, id, count](const net::HttpResult& result) {
    auto& reply = open_.at(id).reply = read_embeddings(result, count);
    return Outcome{reply.verdict, reply.reason, reply.input_tokens, 0};
  };
  sender_.submit(id, {endpoint_, path, embeddings_body(request_of(*endpoint_), texts), 0, "embed", read});
}

void VectorAsker::receive(const Sent& sent) {
  auto node = open_.extract(sent.id);
  auto& batch = node.mapped();
  switch (sent.outcome.verdict) {
    case Verdict::answer:
      return take(batch);
    case Verdict::row:
      return refuse(std::move(batch), sent);
    case Verdict::transient:
      for (const auto i : batch.members) asked_[i] = {{}, sent.outcome.reason, false};
      return;
    case Verdict::endpoint:
      return;  // ask() throws
  }
}

void VectorAsker::take(Batch& batch) {
  for (std::size_t m = 0; m < batch.members.size(); ++m) {
    const auto i = batch.members[m];
    auto& vector = batch.reply.vectors[m];
    if (vector.empty() && batch.members.size() > 1) {
      send({i});
      continue;
    }
    const auto body = embedding_record(vector);
    if (vector.empty()) {
      keep(i, 200, body, without_vector());
    } else {
      check_dimension(vector.size());
      keep(i, 200, body, {std::move(vector), {}, true});
    }
  }
}

void VectorAsker::refuse(Batch batch, const Sent& sent) {
  if (first_) throw endpoint_error(*endpoint_, path, sent.result, 1, redact_);
  if (batch.members.size() == 1) {
    keep(batch.members[0], sent.result.status, sent.result.body, {{}, sent.outcome.reason, true});
    return;
  }
  const auto middle = batch.members.begin() + std::ssize(batch.members) / 2;
  send({batch.members.begin(), middle});
  send({middle, batch.members.end()});
}

void VectorAsker::keep(std::size_t text, std::int32_t status, const std::string& body, AskedVector asked) {
  store_.append({keys_[text], endpoint_->model, status, body});
  asked_[text] = std::move(asked);
}

void VectorAsker::check_dimension(std::size_t found) const {
  if (dimension_ == 0 || static_cast<std::size_t>(dimension_) == found) return;
  throw EndpointError(
      endpoint_->base_url + std::string(path), 200, 1,
      fmt::format("a vector has {} numbers where {} were expected; correct models.{}.dimensions, or, when "
                  "another model is behind the address now, give models.{}.revision another value",
                  found, dimension_, endpoint_->name, endpoint_->name));
}

}  // namespace dream::calls
