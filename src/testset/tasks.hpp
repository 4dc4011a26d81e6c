#pragma once
#include <cstdint>
#include <vector>

#include "base/digest.hpp"
#include "testset/kinds.hpp"

/// What is asked about which documents, decided by content and seed alone, never by ranks.
namespace dream::testset {

/// A document and how many passages it has for questions.
struct Material {
  Digest document;
  std::int64_t passages = 0;
};

/// A question to be made.
struct Slot {
  Kind kind = Kind::simple;
  std::int32_t document = 0;  ///< index into TaskPlan::documents
  std::int32_t turn = 0;      ///< of the document: 0 for its first question
  std::int32_t task = 0;
};

/// Documents whose questions one rank makes; passages that belong together are looked for among them.
struct Task {
  std::vector<std::int32_t> documents;  ///< indices into TaskPlan::documents
  std::vector<std::int32_t> slots;      ///< indices into TaskPlan::slots
};

struct TaskPlan {
  std::vector<Material> documents;  ///< that get a question, in seeded order
  std::vector<std::int32_t> turns;  ///< slots of each of them
  std::vector<Slot> slots;          ///< in the order of the dataset
  std::vector<Task> tasks;
};

/// Plans settings.size questions. Documents take turns in an order that seed and content decide; one leaves
/// the circle when it has a question for each of its passages, until all have. Documents without passages
/// take no part; without any there are no slots.
[[nodiscard]] TaskPlan plan_tasks(std::vector<Material> documents, const config::Testset& settings,
                                  std::int64_t seed);

/// The passage that a try at a question is made from.
struct PassageUse {
  std::int64_t passage = 0;
  std::int64_t sample = 0;  ///< 0, 1, ... when all passages of the document have been used before
};

/// The passages of a document in the order of their use.
[[nodiscard]] std::vector<std::int64_t> passage_order(const Material& document, std::int64_t seed);

/// Tries at the questions of a document go through its passages so that no two tries share passage and
/// sample. order: passage_order() of the slot's document.
[[nodiscard]] PassageUse use_of(const TaskPlan& plan, const Slot& slot, std::int64_t attempt,
                                const std::vector<std::int64_t>& order);

}  // namespace dream::testset
