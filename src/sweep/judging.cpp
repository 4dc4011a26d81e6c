#include "sweep/judging.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "calls/structured.hpp"
#include "judge/assumed.hpp"
#include "judge/remarks.hpp"

namespace dream::sweep {
namespace {

/// A request about one of the inputs.
struct Asking {
  std::size_t row = 0;
  judge::Query query;
};

Call call_of(const Run& run, const LanguageModels& models, const judge::Query& query) {
  const auto& settings = *run.models.llm_judge;
  const auto& prompt = settings.prompts.of(query.step);
  Call call;
  call.llm = run.config.judge.llm;
  call.purpose = "judge";
  call.messages = judge::messages(prompt, query.input);
  if (settings.json_schema) call.schema = prompt.schema;
  call.sample = query.sample;
  // The first sample is the plain request: it is the same call with one repeat and with three.
  if (query.sample > 0) call.seed = query.sample;
  if (models.foresees()) call.assumed = judge::assumed_reply(query.step, query.input);
  return call;
}

/// A reading of each reply; those that do not fit are asked for once more. Collective.
std::vector<judge::Reading> ask(const Run& run, LanguageModels& models, const std::vector<Asking>& askings) {
  const auto& prompts = run.models.llm_judge->prompts;
  const auto read = [&](const Asking& asking, const calls::Reply& reply) {
    return judge::read(asking.query.step, prompts.of(asking.query.step).schema, reply);
  };
  std::vector<Call> calls;
  for (const auto& asking : askings) calls.push_back(call_of(run, models, asking.query));
  const auto replies = models.ask(calls);
  std::vector<judge::Reading> readings;
  std::vector<std::size_t> unfit;
  std::vector<Call> repairs;
  for (std::size_t i = 0; i < askings.size(); ++i) {
    readings.push_back(read(askings[i], replies[i]));
    if (!judge::can_be_repaired(readings[i])) continue;
    unfit.push_back(i);
    repairs.push_back(std::move(calls[i]));
    auto& messages = repairs.back().messages;
    messages = calls::repair_prompt(std::move(messages), replies[i].text, prompts.repair);
  }
  const auto repaired = models.ask(repairs);
  for (std::size_t i = 0; i < unfit.size(); ++i) {
    readings[unfit[i]] = read(askings[unfit[i]], repaired[i]);
  }
  return readings;
}

/// The metric whose verdicts a step gives; the others have none.
const char* metric_of(judge::Step step) {
  switch (step) {
    case judge::Step::support:
      return "faithfulness";
    case judge::Step::usefulness:
      return "context_precision";
    case judge::Step::attribution:
      return "context_recall";
    case judge::Step::classification:
      return "answer_correctness";
    default:
      return "";
  }
}

void note_samples(const judge::Query& query, std::span<const judge::Reading> samples,
                  std::vector<score::Testimony>& out) {
  judge::Noise none;
  for (std::size_t i = 0; i < out.size(); ++i) {
    judge::note(out[i], query, samples.subspan(std::min(i, samples.size() - 1), 1), none);
  }
}

/// Puts what was said into the testimonies; the samples of one request stand together.
void note_all(const std::vector<Asking>& askings, std::span<const judge::Reading> readings,
              std::vector<Heard>& heard) {
  for (std::size_t begin = 0; begin < askings.size();) {
    const auto& [row, query] = askings[begin];
    auto end = begin + 1;
    while (end < askings.size() && askings[end].row == row && askings[end].query.step == query.step &&
           askings[end].query.slot == query.slot) {
      ++end;
    }
    const auto samples = readings.subspan(begin, end - begin);
    judge::note(heard[row].said, query, samples, heard[row].noise[metric_of(query.step)]);
    note_samples(query, samples, heard[row].samples);
    for (auto& remark : judge::remarks_of(query, samples)) heard[row].remarks.push_back(std::move(remark));
    for (const auto& sample : samples) heard[row].final = heard[row].final && sample.final;
    begin = end;
  }
}

}  // namespace

std::string judge_of_itself(const config::Config& config) {
  const auto& judge = config.models.find(config.judge.llm);
  if (judge == config.models.end() || !is_remote(judge->second)) return "";
  const auto same = [&](const std::string& name) {
    const auto& model = config.model(name);
    if (!is_remote(model)) return false;
    return std::ranges::all_of(std::array{"base_url", "model"}, [&](const char* param) {
      return model.params.get<std::string>(param) == judge->second.params.get<std::string>(param);
    });
  };
  const auto found = std::ranges::find_if(config.space.llms, same);
  return found == config.space.llms.end() ? "" : *found;
}

std::vector<Heard> hear(const Run& run, LanguageModels& models, std::span<const score::JudgeInput> inputs) {
  const auto& settings = *run.models.llm_judge;
  std::vector<Heard> heard(inputs.size());
  for (auto& one : heard)
    one.samples.resize(settings.repeats > 1 ? static_cast<std::size_t>(settings.repeats) : 0);
  const auto round = [&](const std::function<std::vector<judge::Query>(std::size_t)>& queries_of) {
    std::vector<Asking> askings;
    for (std::size_t row = 0; row < inputs.size(); ++row) {
      for (auto& query : queries_of(row)) askings.push_back({row, std::move(query)});
    }
    note_all(askings, ask(run, models, askings), heard);
  };
  round([&](std::size_t row) { return judge::first_queries(settings, inputs[row]); });
  round([&](std::size_t row) { return judge::second_queries(settings, inputs[row], heard[row].said); });
  return heard;
}

}  // namespace dream::sweep
