#include "testset/tasks.hpp"

#include <algorithm>
#include <numeric>

namespace dream::testset {
namespace {

/// A place in a shuffled order that depends on the seed and on what is shuffled, not on how many there are.
Digest place_of(const char* what, std::int64_t seed, const Digest& document, std::int64_t number) {
  return Hasher(what).add(seed).add(document).add(number).finish();
}

/// `things` in the order of place(thing).
template <class T, class Place>
std::vector<T> shuffled(const std::vector<T>& things, const Place& place) {
  std::vector<std::pair<Digest, std::size_t>> places;
  for (std::size_t i = 0; i < things.size(); ++i) places.emplace_back(place(things[i], i), i);
  std::ranges::sort(places);
  std::vector<T> out;
  for (const auto& [at, i] : places) out.push_back(things[i]);
  return out;
}

/// Kinds in a shuffled order, so that each document gets some of all.
std::vector<Kind> shuffled_kinds(const KindCounts& counts, std::int64_t seed) {
  std::vector<Kind> kinds;
  for (std::size_t k = 0; k < counts.size(); ++k)
    kinds.insert(kinds.end(), static_cast<std::size_t>(counts[k]), static_cast<Kind>(k));
  return shuffled(kinds, [seed](Kind, std::size_t i) {
    return place_of("testset/kind", seed, {}, static_cast<std::int64_t>(i));
  });
}

void add_slots(TaskPlan& plan, const std::vector<Kind>& kinds) {
  plan.turns.assign(plan.documents.size(), 0);
  std::int64_t most = 0;
  for (const auto& document : plan.documents) most = std::max(most, document.passages);
  for (std::int64_t lap = 0; plan.slots.size() < kinds.size(); lap = (lap + 1) % most) {
    for (std::size_t d = 0; d < plan.documents.size() && plan.slots.size() < kinds.size(); ++d) {
      if (lap >= plan.documents[d].passages) continue;
      plan.slots.push_back({kinds[plan.slots.size()], static_cast<std::int32_t>(d), plan.turns[d]++, 0});
    }
  }
}

void add_tasks(TaskPlan& plan, std::int64_t documents_per_task) {
  for (std::size_t d = 0; d < plan.documents.size(); ++d) {
    if (static_cast<std::int64_t>(d) % documents_per_task == 0) plan.tasks.emplace_back();
    plan.tasks.back().documents.push_back(static_cast<std::int32_t>(d));
  }
  for (std::size_t s = 0; s < plan.slots.size(); ++s) {
    auto& slot = plan.slots[s];
    slot.task = static_cast<std::int32_t>(slot.document / documents_per_task);
    plan.tasks[static_cast<std::size_t>(slot.task)].slots.push_back(static_cast<std::int32_t>(s));
  }
}

}  // namespace

TaskPlan plan_tasks(std::vector<Material> documents, const config::Testset& settings, std::int64_t seed) {
  TaskPlan plan;
  std::erase_if(documents, [](const Material& document) { return document.passages == 0; });
  documents = shuffled(documents, [seed](const Material& document, std::size_t) {
    return place_of("testset/document", seed, document.document, 0);
  });
  if (documents.empty()) return plan;
  if (std::ssize(documents) > settings.size) documents.resize(static_cast<std::size_t>(settings.size));
  plan.documents = std::move(documents);
  add_slots(plan, shuffled_kinds(counts_of(settings), seed));
  add_tasks(plan, settings.documents_per_task);
  return plan;
}

std::vector<std::int64_t> passage_order(const Material& document, std::int64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(document.passages));
  std::iota(order.begin(), order.end(), 0);
  return shuffled(order, [&](std::int64_t passage, std::size_t) {
    return place_of("testset/passage", seed, document.document, passage);
  });
}

PassageUse use_of(const TaskPlan& plan, const Slot& slot, std::int64_t attempt,
                  const std::vector<std::int64_t>& order) {
  const auto passages = std::ssize(order);
  const auto place = slot.turn + attempt * plan.turns[static_cast<std::size_t>(slot.document)];
  return {order[static_cast<std::size_t>(place % passages)], place / passages};
}

}  // namespace dream::testset
