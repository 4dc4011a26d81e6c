#include "calls/asker.hpp"

#include <algorithm>
#include <utility>

#include "base/errors.hpp"

namespace dream::calls {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view chat_path = "/chat/completions";

Reply to_reply(ChatReply chat, bool final) {
  return {std::move(chat.text), std::move(chat.reason), final,
          std::move(chat.finish_reason), chat.input_tokens, chat.output_tokens};
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
             std::optional<std::int64_t> seed) {
  Ask ask;
  ask.endpoint = &endpoint;
  ask.body = chat_body({endpoint.model, endpoint.temperature, endpoint.max_tokens, seed}, messages);
  ask.key = call_key(endpoint.model, endpoint.revision, ask.body, sample);
  return ask;
}

Asker::Asker(CallStore& store, const net::Redactor& redact, AskOptions options)
    : store_(store), redact_(redact), options_(options), random_(options.seed) {}

std::uint64_t Asker::submit(Ask ask) {
  DREAM_CHECK(ask.endpoint != nullptr && ask.endpoint->in_flight >= 1, "a rank without a share was given a call");
  const auto ticket = next_ticket_++;
  ++open_;
  const auto same = by_key_.find(ask.key);
  if (same != by_key_.end()) {
    ++counts_.joined;
    jobs_.at(same->second).tickets.push_back(ticket);
    return ticket;
  }
  if (auto record = store_.find(ask.key)) {
    ++counts_.from_store;
    done_.push_back({ticket, from_store(std::move(*record), ask.endpoint->max_tokens)});
    return ticket;
  }
  const auto id = next_job_++;
  by_key_.emplace(ask.key, id);
  lanes_[ask.endpoint].waiting.push_back(id);
  jobs_.emplace(id, Job{std::move(ask), {ticket}, 0, {}});
  return ticket;
}

std::vector<Asker::Done> Asker::advance(milliseconds bound) {
  wake_retries();
  start_waiting();
  for (const auto& result : http_.poll(done_.empty() ? patience(bound) : milliseconds(0))) receive(result);
  if (fatal_) {
    auto error = *std::exchange(fatal_, std::nullopt);
    abandon();
    throw error;
  }
  start_waiting();
  // Nothing on its way could still join the group, so waiting for it to fill would only add delay.
  if (store_.journal().due() || http_.in_flight() == 0) commit();
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
  http_.cancel_all();
  jobs_.clear();
  by_key_.clear();
  lanes_.clear();
  retries_ = {};
  committing_.clear();
  done_.clear();
  open_ = 0;
  store_.commit();
}

void Asker::wake_retries() {
  const auto now = Clock::now();
  while (!retries_.empty() && retries_.top().due <= now) {
    const auto id = retries_.top().job;
    lanes_.at(jobs_.at(id).ask.endpoint).waiting.push_front(id);
    retries_.pop();
  }
}

void Asker::start_waiting() {
  for (auto& [endpoint, lane] : lanes_) {
    while (!lane.waiting.empty() && lane.running < endpoint->in_flight) {
      const auto id = lane.waiting.front();
      lane.waiting.pop_front();
      ++lane.running;
      send(id, jobs_.at(id));
    }
  }
}

void Asker::send(JobId id, Job& job) {
  auto request = request_to(*job.ask.endpoint, "POST", chat_path);
  request.body = job.ask.body;
  ++counts_.sent;
  if (job.attempts > 0) ++counts_.retries;
  ++job.attempts;
  http_.submit(std::move(request), id);
}

void Asker::receive(const net::HttpResult& result) {
  auto& job = jobs_.at(result.tag);
  const auto& endpoint = *job.ask.endpoint;
  --lanes_.at(&endpoint).running;
  auto reply = read_chat(result, endpoint.max_tokens);
  counts_.input_tokens += reply.input_tokens;
  counts_.output_tokens += reply.output_tokens;
  if (result.fault == net::HttpFault::none) {
    counts_.latency_s.push_back(static_cast<float>(static_cast<double>(result.elapsed.count()) * 1e-6));
  }
  switch (reply.verdict) {
    case Verdict::answer:
    case Verdict::row: keep(result.tag, job, result, std::move(reply)); break;
    case Verdict::transient: receive_transient(result.tag, job, result, std::move(reply)); break;
    case Verdict::endpoint:
      // The replies after this one in the same poll are paid for: they are taken in before the error goes up.
      if (!fatal_) fatal_ = endpoint_error(endpoint, chat_path, result, job.attempts, redact_);
      break;
  }
}

void Asker::receive_transient(JobId id, Job& job, const net::HttpResult& result, ChatReply reply) {
  const auto wait = backoff(job.attempts, result);
  if (job.attempts < job.ask.endpoint->attempts && wait <= options_.longest_wait) {
    retries_.push({Clock::now() + wait, id});
  } else if (reply.reason == "cut") {
    reply.reason.clear();
    keep(id, job, result, std::move(reply));
  } else {
    ++counts_.given_up;
    job.reply = to_reply(std::move(reply), false);
    settle(id);
  }
}

void Asker::keep(JobId id, Job& job, const net::HttpResult& result, ChatReply reply) {
  store_.append({job.ask.key, job.ask.endpoint->model, result.status, result.body});
  job.reply = to_reply(std::move(reply), true);
  committing_.push_back(id);
}

void Asker::settle(JobId id) {
  auto node = jobs_.extract(id);
  auto& job = node.mapped();
  by_key_.erase(job.ask.key);
  for (const auto ticket : job.tickets) done_.push_back({ticket, job.reply});
}

void Asker::commit() {
  store_.commit();
  for (const auto id : std::exchange(committing_, {})) settle(id);
}

milliseconds Asker::patience(milliseconds bound) const {
  auto until = Clock::now() + bound;
  if (!retries_.empty()) until = std::min(until, retries_.top().due);
  until = std::min(until, store_.journal().deadline());
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  return std::max(left, milliseconds(0));
}

milliseconds Asker::backoff(std::int64_t attempts, const net::HttpResult& result) {
  const auto doublings = std::min<std::int64_t>(attempts - 1, 30);
  const auto most = std::min(options_.longest_backoff.count(), options_.backoff.count() << doublings);
  const auto jitter = milliseconds(std::uniform_int_distribution<std::int64_t>(0, most)(random_));
  // What the endpoint asked for is a lower bound; the jitter on top keeps its clients from coming back together.
  return result.retry_after.value_or(milliseconds(0)) + jitter;
}

}  // namespace dream::calls
