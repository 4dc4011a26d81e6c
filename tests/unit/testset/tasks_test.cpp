#include "testset/tasks.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::testset;

namespace {

config::Testset sized(std::int64_t size) {
  config::Testset settings;
  settings.size = size;
  return settings;
}

std::vector<Material> documents(std::initializer_list<std::int64_t> passages) {
  std::vector<Material> out;
  for (const auto count : passages) out.push_back({digest_of(std::to_string(out.size())), count});
  return out;
}

std::int64_t sum(const KindCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

}  // namespace

BOOST_AUTO_TEST_CASE(kinds_have_their_shares_and_nothing_is_lost_to_rounding) {
  BOOST_TEST((counts_of(sized(60)) == KindCounts{24, 12, 12, 6, 6}));
  for (std::int64_t size = 1; size < 40; ++size) BOOST_TEST(sum(counts_of(sized(size))) == size);
  auto settings = sized(7);
  settings.simple = 1;
  settings.unanswerable = 1;
  BOOST_TEST((counts_of(settings) == KindCounts{4, 0, 0, 0, 3}));  // a tie goes to the earlier kind
}

BOOST_AUTO_TEST_CASE(documents_take_turns) {
  const auto plan = plan_tasks(documents({9, 9, 9, 9}), sized(10), 17);
  BOOST_TEST(plan.slots.size() == 10U);
  std::map<std::int32_t, int> questions;
  for (const auto& slot : plan.slots) ++questions[slot.document];
  for (const auto& [document, count] : questions) BOOST_TEST((count == 2 || count == 3));
  KindCounts kinds{};
  for (const auto& slot : plan.slots) ++kinds[static_cast<std::size_t>(slot.kind)];
  BOOST_TEST((kinds == counts_of(sized(10))));
}

BOOST_AUTO_TEST_CASE(a_document_leaves_the_circle_when_its_passages_are_used_until_all_are) {
  const auto questions_of_the_short = [](std::int64_t size) {
    const auto plan = plan_tasks(documents({1, 5}), sized(size), 17);
    return std::ranges::count_if(plan.slots, [&](const Slot& slot) {
      return plan.documents[static_cast<std::size_t>(slot.document)].passages == 1;
    });
  };
  BOOST_TEST(questions_of_the_short(5) == 1);
  BOOST_TEST(questions_of_the_short(6) == 1);
  BOOST_TEST(questions_of_the_short(8) == 2);  // the second time round
}

BOOST_AUTO_TEST_CASE(documents_without_passages_take_no_part) {
  BOOST_TEST(plan_tasks(documents({0, 3, 0}), sized(4), 1).documents.size() == 1U);
  BOOST_TEST(plan_tasks(documents({0, 0}), sized(4), 1).slots.empty());
  BOOST_TEST(plan_tasks({}, sized(4), 1).tasks.empty());
}

BOOST_AUTO_TEST_CASE(tasks_hold_at_most_so_many_documents_and_every_slot_once) {
  auto settings = sized(30);
  settings.documents_per_task = 3;
  const auto plan = plan_tasks(documents({4, 4, 4, 4, 4, 4, 4}), settings, 5);
  BOOST_TEST(plan.tasks.size() == 3U);
  std::multiset<std::int32_t> slots;
  for (std::size_t t = 0; t < plan.tasks.size(); ++t) {
    BOOST_TEST(plan.tasks[t].documents.size() <= 3U);
    for (const auto s : plan.tasks[t].slots) {
      const auto& slot = plan.slots[static_cast<std::size_t>(s)];
      BOOST_TEST(slot.task == static_cast<std::int32_t>(t));
      BOOST_TEST(std::ranges::count(plan.tasks[t].documents, slot.document) == 1);
      slots.insert(s);
    }
  }
  BOOST_TEST(slots.size() == plan.slots.size());
}

BOOST_AUTO_TEST_CASE(content_and_seed_decide_and_the_order_of_the_documents_does_not) {
  auto list = documents({3, 4, 5, 6, 7});
  const auto plan = plan_tasks(list, sized(12), 17);
  std::ranges::reverse(list);
  const auto same = plan_tasks(list, sized(12), 17);
  const auto other = plan_tasks(list, sized(12), 18);
  bool differs = false;
  for (std::size_t s = 0; s < plan.slots.size(); ++s) {
    const auto document = [&](const TaskPlan& of) {
      return of.documents[static_cast<std::size_t>(of.slots[s].document)].document;
    };
    BOOST_TEST((document(plan) == document(same)));
    BOOST_TEST((plan.slots[s].kind == same.slots[s].kind));
    differs = differs || document(plan) != document(other) || plan.slots[s].kind != other.slots[s].kind;
  }
  BOOST_TEST(differs);
}

BOOST_AUTO_TEST_CASE(no_two_tries_share_passage_and_sample) {
  const auto plan = plan_tasks(documents({3, 2}), sized(9), 4);
  for (std::size_t d = 0; d < plan.documents.size(); ++d) {
    const auto order = passage_order(plan.documents[d], 4);
    std::set<std::pair<std::int64_t, std::int64_t>> used;
    std::int64_t tries = 0;
    for (const auto& slot : plan.slots) {
      if (slot.document != static_cast<std::int32_t>(d)) continue;
      for (std::int64_t attempt = 0; attempt < 5; ++attempt, ++tries) {
        const auto use = use_of(plan, slot, attempt, order);
        BOOST_TEST((use.passage >= 0 && use.passage < plan.documents[d].passages));
        used.emplace(use.passage, use.sample);
      }
    }
    BOOST_TEST(std::ssize(used) == tries);
    // All passages are used before one comes again.
    std::int64_t firsts = 0;
    for (const auto& [passage, sample] : used) firsts += sample == 0 ? 1 : 0;
    BOOST_TEST(firsts == plan.documents[d].passages);
  }
}
