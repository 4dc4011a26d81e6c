#include "sweep/call_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "calls/capabilities.hpp"
#include "comm/agree.hpp"
#include "sweep/run_context.hpp"
#include "sweep/schedule.hpp"

namespace dream::sweep {
namespace {

using Clock = std::chrono::steady_clock;

std::filesystem::path calls_of(const config::Config& config) {
  return std::filesystem::path(config.sweep.state) / "calls";
}

/// Rank 0 seals; every rank learns which segments there are. Collective.
std::vector<std::string> seal_journals(comm::Communicator& comm, const config::Config& config, const Log& log,
                                       const Pulse& pulse) {
  Bytes message;
  comm::agree(comm, [&] {
    if (comm.rank() == 0) message = Packer().put(calls::seal(calls_of(config), log, pulse).segments).take();
  });
  comm.broadcast(message, 0);
  return Unpacker(message).get<std::vector<std::string>>();
}

std::filesystem::path ledger_folder(const config::Config& config) {
  return calls::ledgers_of(config.sweep.state, config.sweep.name);
}

calls::Cost sum_over_ranks(comm::Communicator& comm, const calls::Cost& mine) {
  calls::Cost sum;
  for (const auto& cost : comm.all_gather(mine)) sum += cost;
  return sum;
}

double seconds_since(calls::TimePoint start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

bool is_remote(const config::Model& model) { return model.kind == calls::openai_kind().name; }

std::map<std::string, std::vector<std::string>> remote_models(const config::Config& config,
                                                              std::optional<Stage> until) {
  std::map<std::string, std::vector<std::string>> models;
  const auto add = [&](const std::string& name, const char* path) {
    auto& paths = models[name];
    if (std::ranges::find(paths, path) == paths.end()) paths.emplace_back(path);
  };
  const auto reaches = [&](Stage stage) { return !until || *until >= stage; };
  if (reaches(Stage::embed)) {
    for (const auto& name : config.space.embedders) add(name, "/embeddings");
  }
  if (reaches(Stage::rerank)) {
    for (const auto& name : config.space.rerankers) {
      if (name != no_reranker) add(name, "/rerank");
    }
  }
  if (reaches(Stage::score)) {
    for (const auto& name : config.space.llms) add(name, "/chat/completions");
    if (!config.judge.embedder.empty()) add(config.judge.embedder, "/embeddings");
    if (config.models.contains(config.judge.llm)) add(config.judge.llm, "/chat/completions");
  }
  std::erase_if(models, [&](const auto& entry) { return !is_remote(config.model(entry.first)); });
  return models;
}

namespace {

/// A run that ends before reranking or before the answers counts the calls that these will take.
std::optional<Stage> counted_until(std::optional<Stage> until) {
  if (until == Stage::search) return Stage::rerank;
  return until == Stage::select ? std::nullopt : until;
}

}  // namespace

CallSession::CallSession(Setting setting)
    : setting_(std::move(setting)), callers_(setting_.workers), relief_(callers_), start_(Clock::now()) {
  setting_.pulse = [this, pulse = std::move(setting_.pulse)] {
    pulse();
    tell();
  };
  auto& comm = setting_.comm;
  const auto& config = setting_.config;
  const auto names = remote_models(config, counted_until(setting_.until));
  for (const auto& [name, paths] : names) {
    const auto& endpoint = endpoints_[name] = calls::endpoint_of(config.model(name));
    redact_.add(endpoint.api_key.value);
    callers_ = callers_of(callers_, endpoint.in_flight);
  }
  for (auto& [name, endpoint] : endpoints_) {
    endpoint = calls::limit_to(endpoint, std::max(0, comm.rank() - callers_.first), callers_.count);
  }
  relief_ = Relief(callers_);
  comm::agree(comm, [&] {
    if (comm.rank() == 0) before_ = calls::read_ledgers(ledger_folder(config));
  });
  comm.broadcast(std::span<calls::Spent>(&before_, 1), 0);
  if (config.objective.budget_hours > 0) {
    const auto left =
        std::chrono::duration<double>(std::max(0.0, config.objective.budget_hours * 3600 - before_.seconds));
    end_ = start_ + std::chrono::duration_cast<Clock::duration>(left);
  }
  budget_.end_at(end_);
  const auto folder = ledger_folder(config);
  ledger_ = std::make_unique<calls::Ledger>(folder /
                                            fmt::format("{}-{}.ledger", setting_.incarnation, comm.rank()));
  if (comm.rank() == 0 && (!endpoints_.empty() || config.objective.budget_hours > 0))
    clock_ = std::make_unique<calls::Ledger>(folder / (setting_.incarnation + "-clock.ledger"));
  if (endpoints_.empty()) return;
  const auto segments = seal_journals(comm, config, setting_.log, setting_.pulse);
  comm::agree(comm, [&] {
    store_ =
        std::make_unique<calls::CallStore>(calls_of(config), segments, setting_.incarnation, comm.rank());
    calls::AskOptions options;
    options.seed = static_cast<std::uint64_t>(config.sweep.seed + comm.rank());
    options.trace = setting_.trace;
    sender_ = std::make_unique<calls::Sender>(redact_, options);
    sender_->charge(budget_, *ledger_);
    asker_ = std::make_unique<calls::Asker>(*store_, *sender_);
    vectors_ = std::make_unique<calls::VectorAsker>(*store_, *sender_, redact_);
    scores_ = std::make_unique<calls::VectorAsker>(*store_, *sender_, redact_, calls::rerank_kind());
  });
}

CallSession::~CallSession() {
  try {
    close_ledgers();
  } catch (const Error&) {
    // The ledgers hold more than was spent, never less.
  }
}

void CallSession::close_ledgers() {
  if (ledger_) ledger_->close({budget_.total() + budget_.reserved(), 0});
  if (clock_) clock_->close({{}, seconds_since(start_)});
}

void CallSession::tell() const {
  if (setting_.progress == nullptr || !sender_) return;
  auto spent = budget_.total();
  if (setting_.comm.rank() == 0) spent += before_.cost;
  setting_.progress->calls({sender_->in_flight(), counts().sent, spent});
}

const calls::AskCounts& CallSession::counts() const {
  static const calls::AskCounts none;
  return sender_ ? sender_->counts() : none;
}

const calls::Usage& CallSession::usage() const {
  static const calls::Usage none;
  return sender_ ? sender_->usage() : none;
}

std::optional<bool> CallSession::ask_for_json_schema(const std::string& model) {
  return calls::ask_for_json_schema(*sender_, endpoint(model), redact_, setting_.pulse);
}

calls::Allowance CallSession::left() {
  const auto& objective = setting_.config.objective;
  const auto spent = before_.cost + sum_over_ranks(setting_.comm, budget_.total() + budget_.reserved());
  calls::Allowance left;
  if (objective.budget_usd > 0) left.usd = std::max(0.0, objective.budget_usd - spent.usd);
  if (objective.budget_tokens > 0)
    left.tokens = std::max<std::int64_t>(0, objective.budget_tokens - spent.tokens);
  return left;
}

/// Collective.
void CallSession::deal(int only) { budget_.deal(share_of(left(), callers_, setting_.comm.rank(), only)); }

int CallSession::deal_to_one() {
  const int rank = callers_.rank(0);
  deal(rank);
  return rank;
}

CallSession::Timed CallSession::time_call(calls::Outgoing request) {
  sender_->submit(0, std::move(request));
  try {
    for (;;) {
      setting_.pulse();
      const auto ended = sender_->advance(std::chrono::milliseconds(20));
      if (ended.empty()) continue;
      const auto& [id, result, outcome] = ended.front();
      if (const auto fatal = sender_->take_fatal()) return {0, fatal->what()};
      if (outcome.reason == "budget") return {0, std::string(setting_.budget_key) + " has no room for it"};
      if (outcome.verdict != calls::Verdict::answer) return {0, "no reply (" + outcome.reason + ")"};
      return {std::chrono::duration<double>(result.elapsed).count(), ""};
    }
  } catch (...) {
    sender_->abandon();
    throw;
  }
}

ReliefTerms CallSession::relief_terms() const {
  ReliefTerms terms;
  terms.speeds.clear();
  std::map<std::string, std::size_t> lanes;
  for (const auto& [name, endpoint] : endpoints_) {
    lanes.emplace(name, lanes.size());
    terms.speeds.push_back(static_cast<double>(endpoint.in_flight));
  }
  terms.lane = [lanes](const std::string& payload) { return lanes.at(Unpacker(payload).get<std::string>()); };
  terms.has = [this](const Digest& key) { return store_->contains(key); };
  return terms;
}

std::vector<Bytes> CallSession::look_up(const std::vector<Request>& requests, const Serve& serve) {
  OnceOptions options;
  options.relief = &relief_;
  return sweep::once(setting_.comm, callers_, requests, serve, options);
}

std::vector<Bytes> CallSession::once(const std::vector<Request>& requests, const ServeCalls& serve,
                                     const ReliefTerms* terms) {
  if (endpoints_.empty()) {  // on all ranks alike
    DREAM_CHECK(requests.empty(), "a call without an endpoint");
    return {};
  }
  auto& comm = setting_.comm;
  std::vector<Bytes> replies(requests.size());
  std::vector<std::size_t> open(requests.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  const bool relieves = terms != nullptr;
  for (int only = everybody;;) {
    deal(only);
    std::vector<Request> asked;
    for (const auto i : open) asked.push_back(requests[i]);
    std::int64_t unserved = 0;
    std::int64_t served = 0;
    const auto make = [&](const std::vector<Request>& distinct) {
      check_time();
      const auto span = setting_.trace.span(Track::calls, "calls", std::ssize(distinct));
      std::vector<Bytes> packed_replies;
      for (auto& reply : serve(distinct)) {
        ++(reply ? served : unserved);
        packed_replies.push_back(Packer().put(reply.has_value()).put(reply.value_or(Bytes())).take());
      }
      tell();
      return packed_replies;
    };
    OnceOptions options;
    if (relieves) options.relief = &relief_;
    // What has found no room in the budget stays where it was asked: that rank alone may get the rest of it.
    options.terms = std::exchange(terms, nullptr);
    const auto packed = sweep::once(comm, callers_, asked, make, options);
    std::vector<std::size_t> still_open;
    for (std::size_t i = 0; i < open.size(); ++i) {
      Unpacker reader(packed[i]);
      if (reader.get<bool>())
        replies[open[i]] = reader.get<Bytes>();
      else
        still_open.push_back(open[i]);
    }
    open = std::move(still_open);
    const auto by_rank = comm.all_gather(unserved);
    const auto needy = std::ranges::find_if(by_rank, [](auto count) { return count > 0; });
    if (needy == by_rank.end()) return replies;
    const bool moved = comm.all_reduce(served, comm::Reduce::sum) > 0;
    if (!moved && only != everybody) throw_spent(by_rank);
    only = moved ? everybody : static_cast<int>(needy - by_rank.begin());
  }
}

void CallSession::throw_spent(const std::vector<std::int64_t>& unserved) {
  std::int64_t calls = 0;
  for (const auto count : unserved) calls += count;
  const auto spent = before_.cost + sum_over_ranks(setting_.comm, budget_.total() + budget_.reserved());
  const auto& objective = setting_.config.objective;
  comm::agree(setting_.comm, [&] {
    throw OutOfBudget(fmt::format(
        "{}: {} calls of this round have no room in it ({:.6f} of {} USD, {} of {} tokens, "
        "{:.2f} of {} hours "
        "are spent; a limit of 0 does not bind); raise it and start again: the same command continues",
        setting_.budget_key, calls, spent.usd, objective.budget_usd, spent.tokens, objective.budget_tokens,
        (before_.seconds + seconds_since(start_)) / 3600, objective.budget_hours));
  });
}

void CallSession::check_time() {
  if (clock_ && setting_.config.objective.budget_hours > 0) clock_->cover({{}, seconds_since(start_)}, {});
  if (Clock::now() < end_) return;
  throw OutOfBudget(
      fmt::format("{}.hours = {} have passed; raise it and start again: the same command continues",
                  setting_.budget_key, setting_.config.objective.budget_hours));
}

void CallSession::finish() {
  auto& comm = setting_.comm;
  comm::agree(comm, [&] {
    close_ledgers();
    store_.reset();
  });
  if (!endpoints_.empty()) (void)seal_journals(comm, setting_.config, setting_.log, setting_.pulse);
}

}  // namespace dream::sweep
