#include "comm/agree.hpp"
#include "parts/retrieved.hpp"
#include "sweep/language_models.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/rounds.hpp"

namespace dream::sweep {
namespace {

constexpr std::int64_t round_questions = 2048;  ///< per rank; bounds contexts in memory

/// The contexts of a part, and what is asked about them.
struct Asking {
  std::string llm;
  std::vector<std::vector<std::string>> contexts;  ///< per question
  Slice slice;
};

Asking load(const Run& run, const Item& item) {
  Asking asking{run.node(item.node).llm, {}, run.plan.slices[static_cast<std::size_t>(item.part)]};
  for (auto& contexts :
       parts::load_contexts(run.parts.open(run.key(run.node(item.node).inputs.at(0), item.part)))) {
    auto& texts = asking.contexts.emplace_back();
    for (auto& context : contexts) texts.push_back(std::move(context.text));
  }
  return asking;
}

}  // namespace

Forecast forecast_answers(Run& run) {
  std::vector<Item> items;
  for (const auto& item : pending(run, Stage::score)) {
    if (run.calls.has(run.node(item.node).llm)) items.push_back(item);
  }
  LanguageModels models(run);
  in_rounds(run.comm, mine(run, items), round_questions, [&](std::span<const Item> round) {
    std::vector<Asking> askings;
    comm::agree(run.comm, [&] {
      for (const auto& item : round) {
        run.pulse();
        askings.push_back(load(run, item));
      }
    });
    std::vector<Question> questions;
    for (const auto& asking : askings) {
      for (std::size_t i = 0; i < asking.contexts.size(); ++i) {
        const auto& golden = run.questions[static_cast<std::size_t>(asking.slice.begin) + i];
        questions.push_back({asking.llm, golden.question, asking.contexts[i]});
      }
    }
    models.foresee(questions);
  });
  return models.foreseen();
}

}  // namespace dream::sweep
