#include "sweep/language_models.hpp"

#include "calls/prompt.hpp"
#include "calls/structured.hpp"
#include "sweep/usage.hpp"

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

std::vector<Call> calls_of(const std::vector<Question>& questions) {
  std::vector<Call> calls;
  for (const auto& question : questions) {
    calls.push_back(
        {.llm = question.llm, .messages = calls::answer_prompt(question.question, question.contexts)});
  }
  return calls;
}

}  // namespace

std::vector<Request> LanguageModels::requests_of(const std::vector<Call>& calls) const {
  std::vector<Request> requests;
  for (const auto& call : calls) {
    const auto ask = calls::make_structured_ask(calls_.endpoint(call.llm), call.messages, call.schema,
                                                call.sample, call.seed);
    const auto payload = Packer().put(call.llm).put(ask.body).put(call.purpose).take();
    requests.push_back({ask.key, std::string(payload.begin(), payload.end())});
  }
  return requests;
}

std::vector<calls::Reply> LanguageModels::ask(const std::vector<Call>& calls) {
  const auto served =
      calls_.once(requests_of(calls), [this](const auto& distinct) { return serve(distinct); });
  std::vector<calls::Reply> replies;
  for (const auto& bytes : served) replies.push_back(unpack(bytes));
  return replies;
}

std::vector<Asked> LanguageModels::ask(const std::vector<Question>& questions) {
  std::vector<Asked> answers;
  for (auto& reply : ask(calls_of(questions))) {
    answers.push_back(
        {{std::move(reply.text), std::move(reply.reason), reply.input_tokens, reply.output_tokens},
         reply.final});
  }
  return answers;
}

void LanguageModels::foresee(const std::vector<Question>& questions) {
  const auto count = [this](const std::vector<Request>& distinct) {
    for (const auto& request : distinct) {
      if (!foreseen_.insert(request.key).second) continue;
      if (calls_.store().find(request.key)) {
        ++forecast_.from_state;
        continue;
      }
      Unpacker reader(request.payload);
      const auto& endpoint = calls_.endpoint(reader.get<std::string>());
      const auto input =
          static_cast<std::int64_t>(calls::expected_tokens(reader.get<std::string>().size(), 0));
      ++forecast_.calls;
      forecast_.input_tokens += input;
      forecast_.most_output_tokens += endpoint.max_tokens;
      forecast_.input_usd += calls::cost_of(endpoint, input, 0).usd;
      forecast_.most_usd += calls::cost_of(endpoint, input, endpoint.max_tokens).usd;
    }
    return std::vector<Bytes>(distinct.size());
  };
  (void)once(comm_, workers_, requests_of(calls_of(questions)), count);
}

Forecast LanguageModels::foreseen() { return sum_over_ranks(comm_, forecast_); }

std::vector<Served> LanguageModels::serve(const std::vector<Request>& requests) {
  std::vector<calls::Ask> asks;
  for (const auto& request : requests) {
    Unpacker reader(request.payload);
    const auto llm = reader.get<std::string>();
    auto body = reader.get<std::string>();
    asks.push_back({request.key, &calls_.endpoint(llm), std::move(body), reader.get<std::string>()});
  }
  std::vector<Served> replies;
  for (const auto& reply : calls_.asker().ask(std::move(asks), calls_.pulse())) {
    replies.push_back(reply.reason == "budget" ? Served() : pack(reply));
  }
  return replies;
}

}  // namespace dream::sweep
