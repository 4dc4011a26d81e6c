// What the language models will be asked, reckoned before they are asked.
#include <fmt/format.h>

#include <functional>

#include "comm/agree.hpp"
#include "sweep/estimate.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/phases/rows.hpp"
#include "sweep/rounds.hpp"
#include "sweep/usage.hpp"

namespace dream::sweep {
namespace {

/// Known questions that a forecast learns from; more would only take time.
constexpr std::int64_t most_learned_from = 1000;

/// Which questions count, by number.
using Chosen = std::vector<std::int64_t>;

/// `count` of those that are chosen, evenly spaced.
Chosen some_of(Chosen chosen, std::int64_t count) {
  const auto all = std::ranges::count_if(chosen, [](auto one) { return one != 0; });
  std::int64_t number = 0;
  for (auto& one : chosen) {
    if (one == 0) continue;
    one = all <= count || number * count % all < count ? 1 : 0;
    ++number;
  }
  return chosen;
}

/// Takes the rows about chosen questions through answers and judge, for `see` to look at. Collective.
void walk(Run& run, const golden::Gold& gold, const std::vector<Item>& items, LanguageModels& models,
          const Chosen& chosen, const std::function<void(std::size_t question, const Row& row)>& see) {
  const auto number_of = [&](const Row& row) {
    return static_cast<std::size_t>(row.question - run.questions.data());
  };
  in_rounds(run.comm, mine(run, items), score_round_questions, [&](std::span<const Item> round) {
    std::vector<Work> works;
    comm::agree(run.comm, [&] {
      for (const auto& item : round) {
        works.push_back(load_rows(run, gold, item));
        std::erase_if(works.back().rows, [&](const Row& row) { return chosen[number_of(row)] == 0; });
        answer_locally(run, works.back());
      }
    });
    answer_remotely(run, models, works);
    judge_remotely(run, models, works);
    for (const auto& work : works) {
      for (const auto& row : work.rows) see(number_of(row), row);
    }
  });
}

void just_walk(Run& run, const golden::Gold& gold, const std::vector<Item>& items, LanguageModels& models,
               const Chosen& chosen) {
  walk(run, gold, items, models, chosen, [](std::size_t, const Row&) {});
}

/// On rank 0. Collective.
std::vector<CallUsage> as_if_unknown(Run& run, const golden::Gold& gold, const std::vector<Item>& items,
                                     const Chosen& chosen) {
  LanguageModels models(run, LanguageModels::Mode::assume);
  just_walk(run, gold, items, models, chosen);
  return gather_usage(run.comm, models.foreseen());
}

/// What all parts, made ones as well, say of questions of which all replies are there. On rank 0. Collective.
Sample learn(Run& run, const golden::Gold& gold, const Chosen& known) {
  const auto items = pending(run.plan, {}, Stage::score);
  LanguageModels models(run, LanguageModels::Mode::foresee);
  just_walk(run, gold, items, models, known);
  Sample sample{as_if_unknown(run, gold, items, known), gather_usage(run.comm, models.found())};
  // A score outlives its replies when somebody clears these away; it says nothing of them then.
  const auto gone = gather_usage(run.comm, models.foreseen());
  std::erase_if(sample.real, [&](const CallUsage& row) {
    return std::ranges::any_of(gone, [&](const CallUsage& other) {
      return other.purpose == row.purpose && other.model == row.model && other.sent > 0;
    });
  });
  return sample;
}

}  // namespace

void ask_pilot(Run& run, const golden::Gold& gold, std::int64_t questions) {
  const auto pilot = some_of(Chosen(run.questions.size(), 1), questions);
  run.log(Level::info,
          fmt::format("the pilot asks for {} of {} questions", std::ranges::count(pilot, 1), pilot.size()));
  LanguageModels models(run);
  just_walk(run, gold, pending(run, Stage::score), models, pilot);
}

Forecast foresee_calls(Run& run, const golden::Gold& gold) {
  const auto items = pending(run, Stage::score);
  const Chosen everything(run.questions.size(), 1);
  auto known = everything;
  LanguageModels models(run, LanguageModels::Mode::foresee);
  walk(run, gold, items, models, everything, [&](std::size_t question, const Row& row) {
    if (!row.final) known[question] = 0;
  });
  run.comm.all_reduce(std::span<std::int64_t>(known), comm::Reduce::min);
  Forecast forecast{gather_usage(run.comm, models.foreseen()), 0};
  known = some_of(known, most_learned_from);
  forecast.learned_from = std::ranges::count(known, 1);
  if (items.empty() || forecast.learned_from == 0) return forecast;
  const auto sample = learn(run, gold, known);
  const auto assumed = as_if_unknown(run, gold, items, everything);
  forecast.calls = estimate(assumed, std::move(forecast.calls), sample,
                            [&](const std::string& model, std::int64_t input, std::int64_t output) {
                              return calls::cost_of(run.calls.endpoint(model), input, output).usd;
                            });
  return forecast;
}

}  // namespace dream::sweep
