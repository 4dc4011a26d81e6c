#include "calls/sender.hpp"

#include <algorithm>
#include <utility>

#include "base/errors.hpp"
#include "calls/stream.hpp"

namespace dream::calls {

using std::chrono::milliseconds;

Cost cost_of(const Endpoint& endpoint, std::int64_t input_tokens, std::int64_t output_tokens) {
  return {(static_cast<double>(input_tokens) * endpoint.price_input +
           static_cast<double>(output_tokens) * endpoint.price_output) /
              1e6,
          input_tokens + output_tokens};
}

Cost most_cost(const Endpoint& endpoint, std::size_t bytes, std::int64_t output_tokens) {
  return cost_of(endpoint, static_cast<std::int64_t>(bytes), output_tokens);
}

double expected_tokens(std::size_t bytes, std::int64_t output_tokens) {
  return static_cast<double>(bytes) / 4 + static_cast<double>(output_tokens);
}

Sender::Sender(const net::Redactor& redact, AskOptions options)
    : redact_(redact), options_(options), random_(options.seed) {}

void Sender::charge(Budget& budget, Ledger& ledger) {
  budget_ = &budget;
  ledger_ = &ledger;
}

Sender::Queue& Sender::queue_of(const Endpoint& endpoint) {
  return queues_.try_emplace(&endpoint, Queue{Lane(endpoint, options_), {}, {}}).first->second;
}

void Sender::count(const std::string& purpose, const Endpoint& endpoint,
                   const std::function<void(AskCounts&)>& change) {
  change(total_);
  change(usage_[{purpose, endpoint.name}]);
}

void Sender::submit(std::uint64_t id, Outgoing request) {
  DREAM_CHECK(request.endpoint != nullptr && request.endpoint->in_flight >= 1,
              "a rank without a share was given a call");
  const auto& endpoint = *request.endpoint;
  const auto bytes = request.body.size();
  const auto output = request.most_output_tokens;
  queue_of(endpoint).waiting.push_back(id);
  jobs_.emplace(
      id, Job{std::move(request), expected_tokens(bytes, output), most_cost(endpoint, bytes, output), 0});
}

std::vector<Sent> Sender::advance(milliseconds bound) {
  wake_retries();
  start_waiting();
  for (auto& result : http_.poll(ended_.empty() ? patience(bound) : milliseconds(0)))
    receive(std::move(result));
  start_waiting();
  options_.trace.count("calls in flight", http_.in_flight());
  options_.trace.count("calls queued", std::ssize(jobs_) - http_.in_flight());
  return std::exchange(ended_, {});
}

void Sender::abandon() {
  http_.cancel_all();
  // What was on its way may be charged for: it stays reserved, and so counted.
  jobs_.clear();
  queues_.clear();
  retries_ = {};
  ended_.clear();
  fatal_.reset();
}

void Sender::wake_retries() {
  const auto now = Clock::now();
  while (!retries_.empty() && retries_.top().due <= now) {
    const auto id = retries_.top().job;
    queue_of(*jobs_.at(id).request.endpoint).waiting.push_front(id);
    retries_.pop();
  }
}

void Sender::start_waiting() {
  for (auto& [endpoint, queue] : queues_) {
    while (!queue.waiting.empty()) {
      const auto now = Clock::now();
      const auto id = queue.waiting.front();
      if (queue.lane.given_up(now)) {
        queue.waiting.pop_front();
        count(jobs_.at(id).request.purpose, *endpoint, [](auto& counts) { ++counts.given_up; });
        settle(id, {}, {Verdict::transient, queue.failure, 0, 0});
        continue;
      }
      if (queue.lane.ready(jobs_.at(id).tokens, now) > now || !start(id)) break;
      queue.waiting.pop_front();
    }
  }
}

/// Sends a request whose turn it is, or ends it when the budget has no room for it and never will. False: not
/// now.
bool Sender::start(JobId id) {
  auto& job = jobs_.at(id);
  const auto now = Clock::now();
  if (budget_ != nullptr) {
    if (!budget_->reserve(job.most, now)) {
      if (http_.in_flight() > 0) return false;  // one that ends may have cost less than it reserved
      settle(id, {}, {Verdict::transient, "budget", 0, 0});
      return true;
    }
    if (budget_->limited()) ledger_->cover({budget_->total() + budget_->reserved(), 0}, job.most);
  }
  auto request = request_to(*job.request.endpoint, "POST", job.request.path);
  request.body = job.request.body;
  const bool again = job.attempts > 0;
  count(job.request.purpose, *job.request.endpoint, [again](auto& counts) {
    ++counts.sent;
    if (again) ++counts.retries;
  });
  ++job.attempts;
  queue_of(*job.request.endpoint).lane.sent(job.tokens, now);
  http_.submit(std::move(request), id);
  return true;
}

void Sender::settle(JobId id, net::HttpResult result, Outcome outcome) {
  jobs_.erase(id);
  ended_.push_back({id, std::move(result), std::move(outcome)});
}

/// The real price. A request that broke on its way may have been served and charged: it counts in full.
void Sender::charge_for(const Job& job, const net::HttpResult& result, const Outcome& outcome) {
  const auto& endpoint = *job.request.endpoint;
  auto real = cost_of(endpoint, outcome.input_tokens, outcome.output_tokens);
  const bool unknown = result.fault != net::HttpFault::none && result.fault != net::HttpFault::refused &&
                       result.fault != net::HttpFault::dns && result.fault != net::HttpFault::tls;
  // A reply without usage, too, says nothing about its price.
  if (unknown || (result.status / 100 == 2 && real.tokens == 0)) real = job.most;
  const bool replied = result.fault == net::HttpFault::none && result.status / 100 == 2;  // not a refusal's
  count(job.request.purpose, endpoint, [&](auto& counts) {
    counts.input_tokens += outcome.input_tokens;
    counts.output_tokens += outcome.output_tokens;
    counts.usd += cost_of(endpoint, outcome.input_tokens, outcome.output_tokens).usd;
    if (replied) counts.latency.add(result.elapsed);
    if (replied && job.request.streamed) counts.first_byte.add(result.first_byte);
  });
  if (budget_ != nullptr) budget_->settle(job.most, real);
}

void Sender::receive(net::HttpResult result) {
  const JobId id = result.tag;
  auto& job = jobs_.at(id);
  const auto& endpoint = *job.request.endpoint;
  if (job.request.streamed) result = gathered(std::move(result));
  auto outcome = job.request.read(result);
  const auto now = Clock::now();
  const auto real = static_cast<double>(outcome.input_tokens + outcome.output_tokens);
  queue_of(endpoint).lane.ended(result, job.tokens, real > 0 ? real : job.tokens, now);
  charge_for(job, result, outcome);
  if (outcome.verdict == Verdict::transient) {
    queue_of(endpoint).failure = outcome.reason;
    const auto wait = backoff(job.attempts, result);
    if (job.attempts < endpoint.attempts && wait <= options_.longest_wait) {
      retries_.push({now + wait, id});
      return;
    }
    if (outcome.reason != "cut")
      count(job.request.purpose, endpoint, [](auto& counts) { ++counts.given_up; });
  }
  // The replies after this one in the same poll are paid for: they are taken in before the error goes up.
  if (outcome.verdict == Verdict::endpoint && !fatal_) {
    fatal_ = endpoint_error(endpoint, job.request.path, result, job.attempts, redact_);
  }
  settle(id, std::move(result), std::move(outcome));
}

milliseconds Sender::patience(milliseconds bound) const {
  const auto now = Clock::now();
  auto until = now + bound;
  if (!retries_.empty()) until = std::min(until, retries_.top().due);
  for (const auto& [endpoint, queue] : queues_) {
    if (!queue.waiting.empty())
      until = std::min(until, queue.lane.ready(jobs_.at(queue.waiting.front()).tokens, now));
  }
  return std::max(std::chrono::ceil<milliseconds>(until - now), milliseconds(0));
}

milliseconds Sender::backoff(std::int64_t attempts, const net::HttpResult& result) {
  const auto doublings = std::min<std::int64_t>(attempts - 1, 30);
  const auto most = std::min(options_.longest_backoff.count(), options_.backoff.count() << doublings);
  const auto jitter = milliseconds(std::uniform_int_distribution<std::int64_t>(0, most)(random_));
  // What the endpoint asked for is a lower bound; the jitter on top keeps its clients from coming back
  // together.
  return result.retry_after.value_or(milliseconds(0)) + jitter;
}

}  // namespace dream::calls
