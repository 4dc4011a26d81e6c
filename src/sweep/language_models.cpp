#include "sweep/language_models.hpp"

#include "calls/prompt.hpp"

namespace dream::sweep {
namespace {

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

std::vector<Request> LanguageModels::requests_of(const std::vector<Question>& questions) const {
  std::vector<Request> requests;
  for (const auto& question : questions) {
    const auto messages = calls::answer_prompt(question.question, question.contexts);
    const auto ask = calls::make_ask(run_.calls.endpoint(question.llm), messages, 0, std::nullopt);
    const auto payload = Packer().put(question.llm).put(ask.body).take();
    requests.push_back({ask.key, std::string(payload.begin(), payload.end())});
  }
  return requests;
}

std::vector<Asked> LanguageModels::ask(const std::vector<Question>& questions) {
  const auto replies =
      run_.calls.once(requests_of(questions), [this](const auto& distinct) { return serve(distinct); });
  std::vector<Asked> answers;
  for (const auto& reply : replies) answers.push_back(unpack(reply));
  return answers;
}

void LanguageModels::foresee(const std::vector<Question>& questions) {
  const auto count = [this](const std::vector<Request>& distinct) {
    for (const auto& request : distinct) {
      if (!foreseen_.insert(request.key).second) continue;
      if (run_.calls.store().find(request.key)) {
        ++forecast_.from_state;
        continue;
      }
      Unpacker reader(request.payload);
      const auto& endpoint = run_.calls.endpoint(reader.get<std::string>());
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
  (void)once(run_.comm, run_.workers, requests_of(questions), count);
}

Forecast LanguageModels::foreseen() {
  Forecast sum;
  for (const auto& one : run_.comm.all_gather(forecast_)) {
    sum.calls += one.calls;
    sum.from_state += one.from_state;
    sum.input_tokens += one.input_tokens;
    sum.most_output_tokens += one.most_output_tokens;
    sum.input_usd += one.input_usd;
    sum.most_usd += one.most_usd;
  }
  return sum;
}

std::vector<Served> LanguageModels::serve(const std::vector<Request>& requests) {
  std::vector<calls::Ask> asks;
  for (const auto& request : requests) {
    Unpacker reader(request.payload);
    const auto llm = reader.get<std::string>();
    asks.push_back({request.key, &run_.calls.endpoint(llm), reader.get<std::string>()});
  }
  std::vector<Served> replies;
  for (const auto& reply : run_.calls.asker().ask(std::move(asks), run_.calls.pulse())) {
    replies.push_back(reply.reason == "budget" ? Served() : pack(reply));
  }
  return replies;
}

}  // namespace dream::sweep
