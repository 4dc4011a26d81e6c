#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "golden/gold.hpp"
#include "stages/score/metrics.hpp"
#include "stages/score/retrieval.hpp"
#include "sweep/judging.hpp"
#include "sweep/language_models.hpp"
#include "sweep/run_context.hpp"

/// Rows on their way to their scores: what scoring and a forecast of it do alike.
namespace dream::sweep {

/// One trial's question on its way to its scores.
struct Row {
  const GoldenQuestion* question = nullptr;
  const std::vector<GoldItem>* gold = nullptr;
  std::vector<std::string> contexts;
  std::vector<score::ContextPlace> places;
  Answer answer;
  bool final = true;  ///< false: the answer, or the judge, failed for a reason that may pass, or is assumed
  Heard heard;        ///< of a judge behind an endpoint

  [[nodiscard]] score::JudgeInput input() const {
    return {question->question, answer.text, contexts, question->reference};
  }
};

/// The rows of a part.
struct Work {
  Item item;
  std::vector<Row> rows;

  [[nodiscard]] std::int64_t passing() const { return std::ranges::count(rows, false, &Row::final); }
};

[[nodiscard]] Work load_rows(const Run& run, const golden::Gold& gold, const Item& item);

/// Answers of the models that need no endpoint.
void answer_locally(const Run& run, Work& work);

/// Answers of models behind endpoints, for the rows of all ranks together. Collective.
void answer_remotely(const Run& run, LanguageModels& models, std::vector<Work>& round);

/// What a judge behind an endpoint says of the rows of all ranks together. Collective.
void judge_remotely(const Run& run, LanguageModels& models, std::vector<Work>& round);

}  // namespace dream::sweep
