#include "testset/prompts.hpp"

#include <nlohmann/json.hpp>

#include "calls/structured.hpp"
#include "testset/filters.hpp"

namespace dream::testset {
namespace {

using nlohmann::json;

/// A field of the wrong kind, or none: caught where a reply is read, and nowhere else.
struct WrongField {};

const json& field(const json& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  if (at == object.end()) throw WrongField();
  return *at;
}

std::string text_of(const json& object, const char* name) {
  const auto& value = field(object, name);
  if (!value.is_string()) throw WrongField();
  return one_line(value.get<std::string>());
}

bool verdict_of(const json& object, const char* name) {
  const auto& value = field(object, name);
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number() && (value == 0 || value == 1)) return value == 1;
  if (value == "1" || value == "0") return value == "1";
  throw WrongField();
}

void read_fields(Step step, const json& object, Said& out) {
  switch (step) {
    case Step::draft:
      out.question = text_of(object, "question");
      out.answer = text_of(object, "answer");
      return;
    case Step::critique:
      out.self_contained = verdict_of(object, "self_contained");
      out.gives_answer_away = verdict_of(object, "gives_answer_away");
      return;
    case Step::blind:
      out.answerable = verdict_of(object, "answerable");
      out.answer = text_of(object, "answer");
      return;
    case Step::compare:
      out.same = verdict_of(object, "same");
      return;
  }
}

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json list_of(std::span<const std::string> texts) {
  return std::vector<std::string>(texts.begin(), texts.end());
}

Digest digest_of(const Prompts& prompts) {
  Hasher hasher("testset/prompts");
  hasher.add(prompts.repair);
  for (const auto& draft : prompts.drafts) judge::add_to(hasher, draft);
  for (const auto* prompt : {&prompts.critique, &prompts.blind, &prompts.compare})
    judge::add_to(hasher, *prompt);
  return hasher.finish();
}

}  // namespace

const char* name_of(Step step) {
  constexpr std::array<const char*, step_count> names{"draft", "critique", "blind", "compare"};
  return names[static_cast<std::size_t>(step)];
}

const judge::Prompt& Prompts::of(Step step, Kind kind) const {
  switch (step) {
    case Step::draft:
      return drafts[static_cast<std::size_t>(kind)];
    case Step::critique:
      return critique;
    case Step::blind:
      return blind;
    case Step::compare:
      return compare;
  }
  throw InternalError("a step without a prompt");
}

Prompts load_prompts(const std::string& folder) {
  judge::PromptFolder files(folder, "testset.prompts");
  const auto load = [&](const std::string& name, Step step) {
    return files.read("testset_" + name,
                      [step](std::string_view output) { return read_object(step, output).reason.empty(); });
  };
  Prompts prompts;
  for (std::size_t k = 0; k < prompts.drafts.size(); ++k)
    prompts.drafts[k] = load(std::string(name_of(static_cast<Kind>(k))), Step::draft);
  prompts.critique = load(name_of(Step::critique), Step::critique);
  prompts.blind = load(name_of(Step::blind), Step::blind);
  prompts.compare = load(name_of(Step::compare), Step::compare);
  prompts.repair = files.read_instruction("repair");
  files.throw_if_any();
  prompts.digest = digest_of(prompts);
  return prompts;
}

Said read_object(Step step, std::string_view object) {
  Said out;
  try {
    read_fields(step, json::parse(object, nullptr, false), out);
  } catch (const WrongField&) {
    out = {};
    out.reason = "schema";
  }
  return out;
}

Said read(Step step, const calls::Reply& reply) {
  const auto structured = calls::read_structured(reply);
  Said out;
  if (structured.reason.empty())
    out = read_object(step, structured.object);
  else
    out.reason = structured.reason;
  out.final = reply.final;
  return out;
}

std::string draft_input(std::string_view opening, std::span<const std::string> passages) {
  return dumped({{"opening", opening}, {"passages", list_of(passages)}});
}

std::string critique_input(std::string_view question, std::string_view answer) {
  return dumped({{"question", question}, {"answer", answer}});
}

std::string blind_input(std::string_view question, std::span<const std::string> passages) {
  return dumped({{"question", question}, {"passages", list_of(passages)}});
}

std::string compare_input(std::string_view question, std::string_view reference, std::string_view answer) {
  return dumped({{"question", question}, {"reference", reference}, {"answer", answer}});
}

}  // namespace dream::testset
