#include "calls/asker.hpp"

#include <algorithm>
#include <utility>

#include "base/errors.hpp"
#include "calls/stream.hpp"

namespace dream::calls {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view chat_path = "/chat/completions";

Reply to_reply(ChatReply chat, bool final) {
  return {std::move(chat.text),          std::move(chat.reason), final,
          std::move(chat.finish_reason), chat.input_tokens,      chat.output_tokens};
}

/// A stored reply means what it meant when it was accepted.
Reply from_store(CallRecord record, std::int64_t max_tokens) {
  net::HttpResult result;
  result.status = record.status;
  result.body = std::move(record.body);
  auto chat = read_chat(result, max_tokens);
  if (chat.reason == "cut") chat.reason.clear();
  return to_reply(std::move(chat), true);
}

}  // namespace

Ask make_ask(const Endpoint& endpoint, std::span<const Message> messages, std::int64_t sample,
             std::optional<std::int64_t> seed, std::string schema) {
  Ask ask;
  ask.endpoint = &endpoint;
  ask.body = chat_body({endpoint.model, endpoint.temperature, endpoint.max_tokens, seed, std::move(schema)},
                       messages);
  ask.key = call_key(endpoint.model, endpoint.revision, ask.body, sample);
  return ask;
}

std::uint64_t Asker::submit(Ask ask) {
  DREAM_CHECK(ask.endpoint != nullptr, "a call without an endpoint");
  const auto& endpoint = *ask.endpoint;
  const auto ticket = next_ticket_++;
  ++open_;
  const auto same = by_key_.find(ask.key);
  if (same != by_key_.end()) {
    sender_.count(ask.purpose, endpoint, [](auto& counts) { ++counts.joined; });
    jobs_.at(same->second).tickets.push_back(ticket);
    return ticket;
  }
  if (auto reply = find(ask)) {
    sender_.count(ask.purpose, endpoint, [](auto& counts) { ++counts.from_store; });
    done_.push_back({ticket, *std::move(reply)});
    return ticket;
  }
  const auto id = next_job_++;
  by_key_.emplace(ask.key, id);
  jobs_.emplace(id, Job{ask.key, &endpoint, {ticket}, {}, {}});
  // How a reply travels is no part of what was asked, so no part of the key.
  auto body = endpoint.stream ? streamed_body(std::move(ask.body)) : std::move(ask.body);
  sender_.submit(id,
                 {&endpoint, chat_path, std::move(body), endpoint.max_tokens, std::move(ask.purpose),
                  [this, id](const net::HttpResult& result) { return read(id, result); }, endpoint.stream});
  return ticket;
}

std::optional<Reply> Asker::find(const Ask& ask) const {
  auto record = store_.find(ask.key);
  if (!record) return std::nullopt;
  return from_store(*std::move(record), ask.endpoint->max_tokens);
}

std::vector<Asker::Done> Asker::advance(milliseconds bound) {
  for (auto& sent : sender_.advance(done_.empty() ? patience(bound) : milliseconds(0)))
    receive(std::move(sent));
  if (auto fatal = sender_.take_fatal()) {
    abandon();
    throw *std::move(fatal);
  }
  // Nothing on its way could still join the group, so waiting for it to fill would only add delay.
  if (store_.journal().due() || sender_.in_flight() == 0) commit();
  open_ -= static_cast<std::int64_t>(done_.size());
  return std::exchange(done_, {});
}

std::vector<Reply> Asker::ask(std::vector<Ask> asks, const Pulse& pulse) {
  DREAM_CHECK(open_ == 0, "ask() while other calls are open");
  const auto first = next_ticket_;
  std::vector<Reply> replies(asks.size());
  try {
    for (auto& one : asks) submit(std::move(one));
    while (open_ > 0) {
      pulse();
      for (auto& done : advance(milliseconds(20))) replies[done.ticket - first] = std::move(done.reply);
    }
  } catch (...) {
    try {
      abandon();
    } catch (const StateError&) {
      // The first error says more than a second failure to write.
    }
    throw;
  }
  return replies;
}

void Asker::abandon() {
  sender_.abandon();
  jobs_.clear();
  by_key_.clear();
  committing_.clear();
  done_.clear();
  open_ = 0;
  store_.commit();
}

Outcome Asker::read(JobId id, const net::HttpResult& result) {
  auto& job = jobs_.at(id);
  job.chat = read_chat(result, job.endpoint->max_tokens);
  return {job.chat.verdict, job.chat.reason, job.chat.input_tokens, job.chat.output_tokens};
}

void Asker::receive(Sent sent) {
  auto& job = jobs_.at(sent.id);
  switch (sent.outcome.verdict) {
    case Verdict::answer:
    case Verdict::row:
      keep(sent.id, job, std::move(sent.result));
      break;
    case Verdict::transient:
      if (sent.outcome.reason == "cut") {  // at every attempt
        job.chat.reason.clear();
        keep(sent.id, job, std::move(sent.result));
      } else {
        job.reply = to_reply(std::move(job.chat), false);
        job.reply.reason = std::move(sent.outcome.reason);
        settle(sent.id);
      }
      break;
    case Verdict::endpoint:
      break;  // advance() throws
  }
}

void Asker::keep(JobId id, Job& job, net::HttpResult result) {
  store_.append({job.key, job.endpoint->model, result.status, std::move(result.body)});
  job.reply = to_reply(std::move(job.chat), true);
  committing_.push_back(id);
}

void Asker::settle(JobId id) {
  auto node = jobs_.extract(id);
  auto& job = node.mapped();
  by_key_.erase(job.key);
  for (const auto ticket : job.tickets) done_.push_back({ticket, job.reply});
}

void Asker::commit() {
  store_.commit();
  for (const auto id : std::exchange(committing_, {})) settle(id);
}

milliseconds Asker::patience(milliseconds bound) const {
  const auto left =
      std::chrono::ceil<milliseconds>(store_.journal().deadline() - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(0), bound);
}

}  // namespace dream::calls
