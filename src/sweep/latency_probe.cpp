#include "sweep/latency_probe.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "base/file.hpp"
#include "calls/prompt.hpp"
#include "calls/rerank.hpp"
#include "calls/stream.hpp"
#include "comm/agree.hpp"
#include "parts/retrieved.hpp"
#include "sweep/call_session.hpp"
#include "sweep/contexts.hpp"

namespace dream::sweep {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// Of one question, in the order in which serving it sends them.
using Requests = std::vector<calls::Outgoing>;

bool asks_endpoints(const Run& run, const Trial& trial) {
  return run.calls.has(trial.embedder) || run.calls.has(trial.reranker) || run.calls.has(trial.llm);
}

calls::Outgoing request_for(const calls::Endpoint& endpoint, const calls::BatchKind& kind,
                            const std::vector<std::string>& texts) {
  const auto read = [&kind, count = texts.size()](const net::HttpResult& result) -> calls::Outcome {
    auto reply = kind.read(result, count);
    return {reply.verdict, std::move(reply.reason), reply.input_tokens, 0};
  };
  return {&endpoint, kind.path, kind.body(endpoint, texts), 0, probe_purpose, read};
}

calls::Outgoing answer_request(const calls::Endpoint& endpoint, std::string_view question,
                               const std::vector<std::string>& contexts) {
  auto body = calls::make_ask(endpoint, calls::answer_prompt(question, contexts), 0, std::nullopt).body;
  const auto read = [most = endpoint.max_tokens](const net::HttpResult& result) -> calls::Outcome {
    auto chat = calls::read_chat(result, most);
    return {chat.verdict, std::move(chat.reason), chat.input_tokens, chat.output_tokens};
  };
  if (endpoint.stream) body = calls::streamed_body(std::move(body));
  return {&endpoint, "/chat/completions", std::move(body), endpoint.max_tokens, probe_purpose,
          read,      endpoint.stream};
}

std::vector<std::string> texts_of(const std::vector<parts::Context>& contexts) {
  std::vector<std::string> texts;
  for (const auto& context : contexts) texts.push_back(context.text);
  return texts;
}

/// What the language model reads, for each question.
parts::SliceContexts selected(const Run& run, const Trial& trial,
                              const std::vector<std::int64_t>& questions) {
  parts::SliceContexts all;
  parts::SliceContexts slice;
  std::int64_t loaded = -1;
  for (const auto q : questions) {
    run.pulse();
    const auto at = std::ranges::upper_bound(run.plan.slices, q, {}, &Slice::end) - run.plan.slices.begin();
    if (at != loaded)
      slice = parts::load_contexts(run.parts.open(run.key(trial.select, static_cast<int>(at))));
    loaded = at;
    const auto begin = run.plan.slices[static_cast<std::size_t>(at)].begin;
    all.push_back(slice[static_cast<std::size_t>(q - begin)]);
  }
  return all;
}

/// What the reranker reads, for each question.
parts::SliceContexts found(const Run& run, const Trial& trial, const std::vector<std::int64_t>& questions) {
  const auto& node = run.node(trial.rerank);
  const auto search = parts::load_retrieved(run.parts.open(run.key(node.inputs.at(0), 0)));
  Chosen hits;
  for (const auto q : questions) hits.push_back(hits_of(search, q, q + 1, node.k).front());
  return make_contexts(run, node.inputs.at(2), node.inputs.at(1), {&hits, 1}).front();
}

void add_reranking(Run& run, const std::string& reranker, std::string_view question,
                   const std::vector<parts::Context>& hits, Requests& requests) {
  const auto& endpoint = run.calls.endpoint(reranker);
  std::vector<std::string> pairs;
  for (const auto& hit : hits) pairs.push_back(calls::pair_text(question, hit.text));
  std::vector<std::size_t> all(pairs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (const auto& batch : run.calls.scores().batches(endpoint, pairs, all)) {
    std::vector<std::string> texts;
    for (const auto i : batch) texts.push_back(pairs[i]);
    requests.push_back(request_for(endpoint, calls::rerank_kind(), texts));
  }
}

std::vector<Requests> requests_of(Run& run, const Trial& trial, const std::vector<std::int64_t>& questions) {
  const bool reranks = run.calls.has(trial.reranker);
  const bool answers = run.calls.has(trial.llm);
  const auto hits = reranks ? found(run, trial, questions) : parts::SliceContexts();
  const auto contexts = answers ? selected(run, trial, questions) : parts::SliceContexts();
  std::vector<Requests> all;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::string_view question = run.questions[static_cast<std::size_t>(questions[i])].question;
    auto& requests = all.emplace_back();
    if (run.calls.has(trial.embedder)) {
      const auto& endpoint = run.calls.endpoint(trial.embedder);
      requests.push_back(
          request_for(endpoint, calls::embeddings_kind(), {endpoint.query_prefix + std::string(question)}));
    }
    if (reranks) add_reranking(run, trial.reranker, question, hits[i], requests);
    if (answers)
      requests.push_back(answer_request(run.calls.endpoint(trial.llm), question, texts_of(contexts[i])));
  }
  return all;
}

/// The times of just these requests to just these servers. Unlike a reply, a time depends on the address.
fs::path file_of(const Run& run, const std::vector<Requests>& questions) {
  Hasher hasher("latency probe");
  for (const auto& requests : questions) {
    hasher.add(std::ssize(requests));
    for (const auto& request : requests) {
      const auto& endpoint = *request.endpoint;
      hasher.add(endpoint.base_url).add(endpoint.revision).add(request.path).add(request.body);
    }
  }
  return fs::path(run.config.sweep.state) / "probes" / (hasher.finish().hex() + ".json");
}

/// Nothing for a file that is absent or not ours.
std::optional<std::vector<double>> read_kept(const fs::path& file, std::size_t questions) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  try {
    auto seconds = json::parse(read_file(file)).at("seconds").get<std::vector<double>>();
    if (seconds.size() == questions) return seconds;
  } catch (const json::exception&) {
    // It is measured again.
  }
  return std::nullopt;
}

void keep(const fs::path& file, const std::vector<double>& seconds) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) throw StateError(file.parent_path().string(), "", "cannot be made: " + error.message());
  const json kept{{"seconds", seconds},
                  {"measured", fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)))}};
  write_file(file, kept.dump(2) + "\n");
}

/// Local. Throws OutOfBudget when the time of the budget has passed.
ProbedTrial probe(Run& run, const Trial& trial, const std::vector<std::int64_t>& questions) {
  ProbedTrial probed{trial.number, std::ssize(questions), std::nullopt, ""};
  auto all = requests_of(run, trial, questions);
  const auto file = file_of(run, all);
  if (auto seconds = read_kept(file, questions.size())) {
    probed.latency = latency_of(*std::move(seconds));
    return probed;
  }
  std::vector<double> seconds;
  for (auto& requests : all) {
    double sum = 0;
    for (auto& request : requests) {
      auto timed = run.calls.time_call(std::move(request));
      probed.failure = std::move(timed.failure);
      if (!probed.failure.empty()) return probed;
      sum += timed.seconds;
    }
    seconds.push_back(sum);
  }
  keep(file, seconds);
  probed.latency = latency_of(std::move(seconds));
  return probed;
}

/// The sweep is paid for and compared: no budget of the probe's may end it. Local.
ProbedTrial probe_if_paid(Run& run, const Trial& trial, const std::vector<std::int64_t>& questions) {
  try {
    return probe(run, trial, questions);
  } catch (const OutOfBudget& spent) {
    return {trial.number, std::ssize(questions), std::nullopt, spent.what()};
  }
}

Bytes pack(const std::vector<ProbedTrial>& all) {
  Packer packer;
  for (const auto& probed : all) {
    const auto latency = probed.latency.value_or(ServingLatency());
    packer.put(probed.number).put(probed.questions).put(probed.latency.has_value());
    packer.put(latency.p50_s).put(latency.p95_s).put(probed.failure);
  }
  return packer.take();
}

std::vector<ProbedTrial> unpack(const Bytes& message) {
  std::vector<ProbedTrial> all;
  for (Unpacker reader(message); !reader.done();) {
    auto& probed = all.emplace_back();
    probed.number = reader.get<int>();
    probed.questions = reader.get<std::int64_t>();
    const bool has = reader.get<bool>();
    ServingLatency latency;
    latency.p50_s = reader.get<double>();
    latency.p95_s = reader.get<double>();
    if (has) probed.latency = latency;
    probed.failure = reader.get<std::string>();
  }
  return all;
}

void warn(const Run& run, const std::vector<ProbedTrial>& all) {
  for (const auto& probed : all) {
    if (probed.failure.empty()) continue;
    run.log(Level::warning, fmt::format("objective.latency_probe: trial {} has no latency: {}; the same "
                                        "command tries again",
                                        probed.number, probed.failure));
  }
}

}  // namespace

std::vector<std::int64_t> probed_questions(std::int64_t all, std::int64_t count) {
  count = std::min(all, count);
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < count; ++i) places.push_back(i * all / count);
  return places;
}

std::vector<int> by_quality(const stats::Verdict& verdict, std::int64_t trials) {
  std::vector<int> order;
  for (int t = 0; t < static_cast<int>(trials); ++t) {
    if (std::ranges::find(verdict.set_aside, t) == verdict.set_aside.end()) order.push_back(t);
  }
  if (std::ssize(verdict.means) != trials) return order;
  std::ranges::stable_sort(order, [&](int a, int b) {
    const auto mean = [&](int t) {
      const auto value = verdict.means[static_cast<std::size_t>(t)];
      return std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
    };
    return mean(a) > mean(b);
  });
  return order;
}

ServingLatency latency_of(std::vector<double> seconds) {
  std::ranges::sort(seconds);
  const auto at = [&](std::size_t percent) { return seconds[(seconds.size() * percent + 99) / 100 - 1]; };
  return {at(50), at(95)};
}

std::vector<ProbedTrial> probe_latency(Run& run, const stats::Verdict& verdict) {
  const auto questions = probed_questions(std::ssize(run.questions), run.config.objective.latency_probe);
  if (questions.empty()) return {};
  std::vector<const Trial*> trials;
  for (const int place : by_quality(verdict, std::ssize(run.plan.trials))) {
    const auto& trial = run.plan.trials[static_cast<std::size_t>(place)];
    if (asks_endpoints(run, trial) && std::ssize(trials) < most_probed_trials) trials.push_back(&trial);
  }
  if (trials.empty()) return {};
  const auto span = run.trace.span(Track::stage, "latency probe", std::ssize(trials));
  const int prober = run.calls.deal_to_one();
  Bytes message;
  comm::agree(run.comm, [&] {
    if (run.comm.rank() != prober) return;
    std::vector<ProbedTrial> all;
    for (const auto* trial : trials) all.push_back(probe_if_paid(run, *trial, questions));
    message = pack(all);
  });
  run.comm.broadcast(message, prober);
  auto all = unpack(message);
  if (run.comm.rank() == 0) warn(run, all);
  return all;
}

}  // namespace dream::sweep
