#include "sweep/language_models.hpp"

#include <algorithm>

#include "calls/prompt.hpp"
#include "calls/structured.hpp"

namespace dream::sweep {
namespace {

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

/// Answers to different requests differ, as far as anybody can tell before they are asked for.
std::string assumed_answer(const Question& question) {
  Hasher hasher("assumed answer");
  hasher.add(question.llm).add(question.question);
  for (const auto& context : question.contexts) hasher.add(context);
  return std::string(question.reference) + " " + hasher.finish().hex().substr(0, 8);
}

std::vector<Call> calls_of(const std::vector<Question>& questions, bool foresee) {
  std::vector<Call> calls;
  for (const auto& question : questions) {
    calls.push_back(
        {.llm = question.llm, .messages = calls::answer_prompt(question.question, question.contexts)});
    if (foresee) calls.back().assumed = assumed_answer(question);
  }
  return calls;
}

/// A request as it travels to its home.
struct Parcel {
  std::string llm;
  std::string body;
  std::string purpose;
  std::int64_t assumed_bytes = 0;

  [[nodiscard]] std::string pack() const {
    const auto bytes = Packer().put(llm).put(body).put(purpose).put(assumed_bytes).take();
    return {bytes.begin(), bytes.end()};
  }
  static Parcel unpack(const std::string& payload) {
    Unpacker reader(payload);
    Parcel parcel;
    parcel.llm = reader.get<std::string>();
    parcel.body = reader.get<std::string>();
    parcel.purpose = reader.get<std::string>();
    parcel.assumed_bytes = reader.get<std::int64_t>();
    return parcel;
  }
};

}  // namespace

std::vector<Request> LanguageModels::requests_of(const std::vector<Call>& calls) const {
  std::vector<Request> requests;
  for (const auto& call : calls) {
    auto ask = calls::make_structured_ask(calls_.endpoint(call.llm), call.messages, call.schema, call.sample,
                                          call.seed);
    requests.push_back(
        {ask.key, Parcel{call.llm, std::move(ask.body), call.purpose, std::ssize(call.assumed)}.pack()});
  }
  return requests;
}

std::vector<calls::Reply> LanguageModels::ask(const std::vector<Call>& calls) {
  if (foresees()) return foresee(calls);
  const auto terms = calls_.relief_terms();
  const auto served = calls_.once(
      requests_of(calls), [this](const auto& distinct) { return serve(distinct); }, &terms);
  std::vector<calls::Reply> replies;
  for (const auto& bytes : served) replies.push_back(unpack(bytes));
  return replies;
}

std::vector<Asked> LanguageModels::ask(const std::vector<Question>& questions) {
  std::vector<Asked> answers;
  for (auto& reply : ask(calls_of(questions, foresees()))) {
    answers.push_back(
        {{std::move(reply.text), std::move(reply.reason), reply.input_tokens, reply.output_tokens},
         reply.final});
  }
  return answers;
}

std::vector<calls::Reply> LanguageModels::foresee(const std::vector<Call>& calls) {
  const auto known =
      calls_.look_up(requests_of(calls), [this](const auto& distinct) { return count(distinct); });
  std::vector<calls::Reply> replies;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (known[i].empty()) {
      auto& reply = replies.emplace_back();
      reply.text = calls[i].assumed;
      reply.final = false;
    } else {
      replies.push_back(unpack(known[i]));
    }
  }
  return replies;
}

/// The replies that are there; empty for those that will be asked for, which are counted.
std::vector<Bytes> LanguageModels::count(const std::vector<Request>& distinct) {
  std::vector<Bytes> replies;
  for (const auto& request : distinct) {
    auto parcel = Parcel::unpack(request.payload);
    const auto& endpoint = calls_.endpoint(parcel.llm);
    const auto reply =
        mode_ == Mode::assume ? std::nullopt : calls_.asker().find({request.key, &endpoint, {}, {}});
    replies.push_back(reply ? pack(*reply) : Bytes());
    if (!counted_.insert(request.key).second) continue;
    auto& counts = foreseen_[{parcel.purpose, parcel.llm}];
    if (reply) {
      ++counts.from_store;
      auto& found = found_[{parcel.purpose, parcel.llm}];
      ++found.sent;
      found.input_tokens += reply->input_tokens;
      found.output_tokens += reply->output_tokens;
      continue;
    }
    const auto tokens = [](auto bytes) {
      return static_cast<std::int64_t>(calls::expected_tokens(static_cast<std::size_t>(bytes), 0));
    };
    const auto input = tokens(std::ssize(parcel.body));
    const auto output = std::min(endpoint.max_tokens, tokens(parcel.assumed_bytes));
    ++counts.sent;
    counts.input_tokens += input;
    counts.output_tokens += output;
    counts.usd += calls::cost_of(endpoint, input, output).usd;
  }
  return replies;
}

std::vector<Served> LanguageModels::serve(const std::vector<Request>& requests) {
  std::vector<calls::Ask> asks;
  for (const auto& request : requests) {
    auto parcel = Parcel::unpack(request.payload);
    asks.push_back(
        {request.key, &calls_.endpoint(parcel.llm), std::move(parcel.body), std::move(parcel.purpose)});
  }
  std::vector<Served> replies;
  for (const auto& reply : calls_.asker().ask(std::move(asks), calls_.pulse())) {
    replies.push_back(reply.reason == "budget" ? Served() : pack(reply));
  }
  return replies;
}

}  // namespace dream::sweep
