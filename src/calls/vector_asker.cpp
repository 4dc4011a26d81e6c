#include "calls/vector_asker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.hpp"

namespace dream::calls {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t bytes_of_a_token = 4;

EmbeddingsRequest request_of(const Endpoint& endpoint) {
  return {endpoint.model, endpoint.dimensions, endpoint.base64};
}

}  // namespace

Digest vector_key(const Endpoint& endpoint, const std::string& text) {
  return call_key(endpoint.model, endpoint.revision, embedding_identity(request_of(endpoint), text), 0);
}

const BatchKind& embeddings_kind() {
  static const BatchKind kind{
      .path = "/embeddings",
      .purpose = "embed",
      .missing = "no_vector",
      .numbers = 0,
      .key = vector_key,
      .together = [](const std::string&, const std::string&) { return true; },
      .body = [](const Endpoint& endpoint,
                 std::span<const std::string> texts) { return embeddings_body(request_of(endpoint), texts); },
      .read = read_embeddings,
      .record = embedding_record};
  return kind;
}

AskedVector VectorAsker::without_vector() const { return {{}, std::string(kind_.missing), true}; }

AskedVector VectorAsker::from_store(CallRecord record) const {
  net::HttpResult result;
  result.status = record.status;
  result.body = std::move(record.body);
  auto reply = kind_.read(result, 1);
  if (reply.verdict != Verdict::answer) return {{}, std::move(reply.reason), true};
  if (reply.vectors[0].empty()) return without_vector();
  return {std::move(reply.vectors[0]), {}, true};
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
  const auto numbers = kind_.numbers > 0 ? kind_.numbers : endpoint.dimensions;
  auto asked = ask(endpoint, numbers, {text}, pulse).at(0);
  first_ = false;
  return asked;
}

void VectorAsker::look_up() {
  keys_.clear();
  asked_.assign(texts_.size(), {});
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    keys_.push_back(kind_.key(*endpoint_, texts_[i]));
    auto record = store_.find(keys_[i]);
    if (!record) {
      missing.push_back(i);
      continue;
    }
    asked_[i] = from_store(*std::move(record));
    if (asked_[i].reason.empty()) check_dimension(asked_[i].vector.size());
  }
  const auto found = static_cast<std::int64_t>(texts_.size() - missing.size());
  sender_.count(std::string(kind_.purpose), *endpoint_,
                [found](auto& counts) { counts.from_store += found; });
  for (auto& batch : batches(*endpoint_, texts_, missing)) send(std::move(batch));
}

std::vector<std::vector<std::size_t>> VectorAsker::batches(const Endpoint& endpoint,
                                                           const std::vector<std::string>& texts,
                                                           const std::vector<std::size_t>& members) const {
  std::vector<std::vector<std::size_t>> all;
  std::size_t bytes = 0;
  for (const auto i : members) {
    const auto& text = texts[i];
    const bool joins =
        !all.empty() && std::ssize(all.back()) < endpoint.batch_texts &&
        (bytes + text.size()) / bytes_of_a_token <= static_cast<std::size_t>(endpoint.batch_tokens) &&
        kind_.together(texts[all.back().front()], text);
    if (!joins) {
      all.emplace_back();
      bytes = 0;
    }
    all.back().push_back(i);
    bytes += text.size();
  }
  return all;
}

void VectorAsker::send(std::vector<std::size_t> members) {
  std::vector<std::string> texts;
  for (const auto i : members) texts.push_back(texts_[i]);
  const auto id = next_++;
  const auto count = members.size();
  open_.emplace(id, Batch{std::move(members), {}});
  const auto read = [this, id, count](const net::HttpResult& result) {
    auto& reply = open_.at(id).reply = kind_.read(result, count);
    return Outcome{reply.verdict, reply.reason, reply.input_tokens, 0};
  };
  sender_.submit(id,
                 {endpoint_, kind_.path, kind_.body(*endpoint_, texts), 0, std::string(kind_.purpose), read});
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
    const auto body = kind_.record(vector);
    if (vector.empty()) {
      keep(i, 200, body, without_vector());
    } else {
      check_dimension(vector.size());
      keep(i, 200, body, {std::move(vector), {}, true});
    }
  }
}

void VectorAsker::refuse(Batch batch, const Sent& sent) {
  if (first_) throw endpoint_error(*endpoint_, kind_.path, sent.result, 1, redact_);
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
      url(*endpoint_), 200, 1,
      fmt::format("a vector has {} numbers where {} were expected; correct models.{}.dimensions, or, when "
                  "another model is behind the address now, give models.{}.revision another value",
                  found, dimension_, endpoint_->name, endpoint_->name));
}

}  // namespace dream::calls
