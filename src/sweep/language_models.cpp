#include "sweep/language_models.hpp"

#include <algorithm>
#include <filesystem>

#include "calls/prompt.hpp"
#include "calls/structured.hpp"
#include "comm/agree.hpp"

namespace dream::sweep {
namespace {

std::filesystem::path folder_of(const config::Config& config) {
  return std::filesystem::path(config.sweep.state) / "calls";
}

/// Rank 0 seals; every rank learns which segments there are. Collective.
std::vector<std::string> seal_journals(Run& run) {
  Bytes message;
  comm::agree(run.comm, [&] {
    if (run.comm.rank() != 0) return;
    message = Packer().put(calls::seal(folder_of(run.config), run.log, run.pulse).segments).take();
  });
  run.comm.broadcast(message, 0);
  return Unpacker(message).get<std::vector<std::string>>();
}

Bytes pack(const calls::Reply& reply) {
  return Packer()
      .put(reply.text)
      .put(reply.reason)
      .put(reply.input_tokens)
      .put(reply.output_tokens)
      .put(reply.final)
      .put(reply.finish_reason)
      .take();
}

calls::Reply unpack(const Bytes& bytes) {
  Unpacker reader(bytes);
  calls::Reply reply;
  reply.text = reader.get<std::string>();
  reply.reason = reader.get<std::string>();
  reply.input_tokens = reader.get<std::int64_t>();
  reply.output_tokens = reader.get<std::int64_t>();
  reply.final = reader.get<bool>();
  reply.finish_reason = reader.get<std::string>();
  return reply;
}

}  // namespace

bool is_remote(const config::Model& model) { return model.kind == calls::openai_kind().name; }

std::vector<std::string> remote_llms(const config::Config& config) {
  std::vector<std::string> names;
  for (const auto& name : config.space.llms) {
    if (is_remote(config.model(name))) names.push_back(name);
  }
  const auto& judge = config.judge.llm;
  const bool remote = config.models.contains(judge) && is_remote(config.model(judge));
  if (remote && std::ranges::find(names, judge) == names.end()) names.push_back(judge);
  return names;
}

void check_endpoints(const config::Config& config, const Pulse& pulse) {
  for (const auto& name : remote_llms(config)) {
    net::Redactor redact;
    redact.add(config.model(name).api_key.value);
    (void)calls::check_endpoint(calls::endpoint_of(config.model(name)), redact, pulse);
  }
}

LanguageModels::LanguageModels(Run& run, const std::string& incarnation) : run_(run), callers_(run.workers) {
  const auto names = remote_llms(run.config);
  for (const auto& name : names) {
    const auto& endpoint = endpoints_[name] = calls::endpoint_of(run.config.model(name));
    redact_.add(endpoint.api_key.value);
    callers_.count = static_cast<int>(std::min<std::int64_t>(callers_.count, endpoint.in_flight));
  }
  for (auto& [name, endpoint] : endpoints_) {
    endpoint.in_flight = calls::share_of(endpoint.in_flight, std::max(0, run.comm.rank() - callers_.first), callers_.count);
  }
  if (names.empty()) return;
  const auto segments = seal_journals(run);
  comm::agree(run.comm, [&] {
    store_ = std::make_unique<calls::CallStore>(folder_of(run_.config), segments, incarnation, run_.comm.rank());
    calls::AskOptions options;
    options.seed = static_cast<std::uint64_t>(run_.config.sweep.seed + run_.comm.rank());
    asker_ = std::make_unique<calls::Asker>(*store_, redact_, options);
  });
}

std::vector<Asked> LanguageModels::ask(const std::vector<Question>& questions) {
  std::vector<Call> calls;
  for (const auto& question : questions) {
    calls.push_back({.llm = question.llm, .messages = calls::answer_prompt(question.question, question.contexts)});
  }
  std::vector<Asked> answers;
  for (auto& reply : ask(calls)) {
    answers.push_back({{std::move(reply.text), std::move(reply.reason), reply.input_tokens, reply.output_tokens}, reply.final});
  }
  return answers;
}

std::vector<calls::Reply> LanguageModels::ask(const std::vector<Call>& calls) {
  if (endpoints_.empty()) return {};
  std::vector<Request> requests;
  for (const auto& call : calls) {
    const auto ask =
        calls::make_structured_ask(endpoints_.at(call.llm), call.messages, call.schema, call.sample, call.seed);
    const auto payload = Packer().put(call.llm).put(call.purpose == Purpose::judging).put(ask.body).take();
    requests.push_back({ask.key, std::string(payload.begin(), payload.end())});
  }
  const auto served = once(run_.comm, callers_, requests, [this](const auto& distinct) { return serve(distinct); });
  std::vector<calls::Reply> replies;
  for (const auto& bytes : served) replies.push_back(unpack(bytes));
  return replies;
}

std::vector<Bytes> LanguageModels::serve(const std::vector<Request>& requests) {
  std::vector<calls::Ask> asks;
  bool judging = false;  // requests that are served together have one purpose
  for (const auto& request : requests) {
    Unpacker reader(request.payload);
    const auto llm = reader.get<std::string>();
    judging = reader.get<bool>();
    asks.push_back({request.key, &endpoints_.at(llm), reader.get<std::string>()});
  }
  const auto sent = asker_->counts().sent;
  const auto from_store = asker_->counts().from_store;
  std::vector<Bytes> replies;
  for (const auto& reply : asker_->ask(std::move(asks), run_.pulse)) replies.push_back(pack(reply));
  (judging ? run_.tally.judge_calls : run_.tally.calls) += asker_->counts().sent - sent;
  (judging ? run_.tally.judge_calls_from_state : run_.tally.calls_from_state) += asker_->counts().from_store - from_store;
  return replies;
}

void LanguageModels::finish() {
  if (endpoints_.empty()) return;
  asker_.reset();
  comm::agree(run_.comm, [this] { store_.reset(); });
  (void)seal_journals(run_);
}

}  // namespace dream::sweep
