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

std::vector<Asked> LanguageModels::ask(const std::vector<Question>& questions) {
  std::vector<Request> requests;
  for (const auto& question : questions) {
    const auto messages = calls::answer_prompt(question.question, question.contexts);
    const auto ask = calls::make_ask(run_.calls.endpoint(question.llm), messages, 0, std::nullopt);
    const auto payload = Packer().put(question.llm).put(ask.body).take();
    requests.push_back({ask.key, std::string(payload.begin(), payload.end())});
  }
  const auto replies = run_.calls.once(requests, [this](const auto& distinct) { return serve(distinct); });
  std::vector<Asked> answers;
  for (const auto& reply : replies) answers.push_back(unpack(reply));
  return answers;
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
