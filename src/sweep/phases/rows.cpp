#include "sweep/phases/rows.hpp"

#include "parts/retrieved.hpp"
#include "stages/generate/extractive.hpp"

namespace dream::sweep {

Work load_rows(const Run& run, const golden::Gold& gold, const Item& item) {
  Work work{item, {}};
  const auto& slice = run.plan.slices[static_cast<std::size_t>(item.part)];
  auto contexts = parts::load_contexts(run.parts.open(run.key(run.node(item.node).inputs.at(0), item.part)));
  for (auto q = slice.begin; q < slice.end; ++q) {
    Row& row = work.rows.emplace_back();
    row.question = &run.questions[static_cast<std::size_t>(q)];
    row.gold = &gold.items[static_cast<std::size_t>(q)];
    for (auto& context : contexts[static_cast<std::size_t>(q - slice.begin)]) {
      row.contexts.push_back(std::move(context.text));
      row.places.push_back({context.retrieved.chunk.document, std::move(context.spans)});
    }
  }
  return work;
}

void answer_locally(const Run& run, Work& work) {
  const auto& model = run.config.model(run.node(work.item.node).llm);
  if (model.kind != generate::extractive_info().name) return;
  const generate::Extractive reader(model.params);
  for (auto& row : work.rows) {
    run.pulse();
    row.answer = reader.answer(row.question->question, row.contexts);
  }
}

void answer_remotely(const Run& run, LanguageModels& models, std::vector<Work>& round) {
  std::vector<Row*> rows;
  std::vector<Question> questions;
  for (auto& work : round) {
    const auto& llm = run.node(work.item.node).llm;
    if (!is_remote(run.config.model(llm))) continue;
    for (auto& row : work.rows) {
      rows.push_back(&row);
      questions.push_back({llm, row.question->question, row.contexts, row.question->reference});
    }
  }
  auto answers = models.ask(questions);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    rows[i]->answer = std::move(answers[i].answer);
    rows[i]->final = answers[i].final;
  }
}

void judge_remotely(const Run& run, LanguageModels& models, std::vector<Work>& round) {
  if (!run.models.llm_judge) return;
  std::vector<Row*> rows;
  std::vector<score::JudgeInput> inputs;
  for (auto& work : round) {
    for (auto& row : work.rows) {
      rows.push_back(&row);
      inputs.push_back(row.input());
    }
  }
  auto heard = hear(run, models, inputs);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i]->heard = std::move(heard[i]);
    rows[i]->final = rows[i]->final && rows[i]->heard.final;
  }
}

}  // namespace dream::sweep
