#include "sweep/language_models.hpp"

#include <algorithm>
#include <filesystem>

#include "calls/prompt.hpp"
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
      .take();
}

Asked unpack(const Bytes& bytes) {
  Unpacker reader(bytes);
  Asked asked;
  asked.answer.text = reader.get<std::string>();
  asked.answer.reason = reader.get<std::string>();
  asked.answer.input_tokens = reader.get<std::int64_t>();
  asked.answer.output_tokens = reader.get<std::int64_t>();
  asked.final = reader.get<bool>();
  return asked;
}

}  // namespace

bool is_remote(const config::Model& model) { return model.kind == calls::openai_kind().name; }

std::vector<std::string> remote_llms(const config::Config& config) {
  std::vector<std::string> names;
  for (const auto& name : config.space.llms) {
    if (is_remote(config.model(name))) names.push_back(name);
  }
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
  if (endpoints_.empty()) return {};
  std::vector<Request> requests;
  for (const auto& question : questions) {
    const auto messages = calls::answer_prompt(question.question, question.contexts);
    const auto ask = calls::make_ask(endpoints_.at(question.llm), messages, 0, std::nullopt);
    const auto payload = Packer().put(question.llm).put(ask.body).take();
    requests.push_back({ask.key, std::string(payload.begin(), payload.end())});
  }
  const auto replies = once(run_.comm, callers_, requests, [this](const auto& distinct) { return serve(distinct); });
  std::vector<Asked> answers;
  for (const auto& reply : replies) answers.push_back(unpack(reply));
  return answers;
}

std::vector<Bytes> LanguageModels::serve(const std::vector<Request>& requests) {
  std::vector<calls::Ask> asks;
  for (const auto& request : requests) {
    Unpacker reader(request.payload);
    const auto llm = reader.get<std::string>();
    asks.push_back({request.key, &endpoints_.at(llm), reader.get<std::string>()});
  }
  std::vector<Bytes> replies;
  for (const auto& reply : asker_->ask(std::move(asks), run_.pulse)) replies.push_back(pack(reply));
  run_.tally.calls = asker_->counts().sent;
  run_.tally.calls_from_state = asker_->counts().from_store;
  return replies;
}

void LanguageModels::finish() {
  if (endpoints_.empty()) return;
  asker_.reset();
  comm::agree(run_.comm, [this] { store_.reset(); });
  (void)seal_journals(run_);
}

}  // namespace dream::sweep
