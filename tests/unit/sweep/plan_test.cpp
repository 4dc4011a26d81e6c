#include "sweep/plan.hpp"

#include <chrono>
#include <set>

#include "sweep/assign.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using sweep::Stage;

namespace {

config::Config grid(int methods, int embedders, std::vector<std::int64_t> top_k, int llms) {
  config::Config config;
  config.corpus.buckets = 8;
  config.index.shards = 4;
  for (int m = 0; m < methods; ++m)
    config.space.methods.push_back({"overlap", {{"size", std::int64_t{64 + m}}}});
  for (int e = 0; e < embedders; ++e) {
    config.space.embedders.push_back("embedder" + std::to_string(e));
    config.models[config.space.embedders.back()] = {config.space.embedders.back(), "hash", {}, {}};
  }
  for (int l = 0; l < llms; ++l) {
    config.space.llms.push_back("llm" + std::to_string(l));
    config.models[config.space.llms.back()] = {config.space.llms.back(), "extractive", {}, {}};
  }
  config.space.top_k = std::move(top_k);
  return config;
}

sweep::Identities identify(const config::Config& config) {
  sweep::Identities identities;
  for (const auto& name : config.space.embedders) identities.embedders[name] = digest_of(name);
  for (const auto& name : config.space.llms) identities.llms[name] = digest_of(name);
  for (const auto& name : config.space.rerankers) identities.rerankers[name] = digest_of(name);
  for (const auto& method : config.space.methods) {
    identities.methods.push_back(digest_of(method.canonical()));
    identities.auto_merge.push_back(false);
  }
  identities.tokenizer = digest_of("words");
  identities.judge = digest_of("overlap");
  return identities;
}

std::vector<sweep::Bucket> buckets_of(int count) {
  std::vector<sweep::Bucket> buckets;
  for (int b = 0; b < count; ++b) {
    buckets.push_back({b, sweep::content_of({digest_of("document " + std::to_string(b))}), 100 + b, 1});
  }
  return buckets;
}

std::vector<Digest> questions_of(int count) {
  std::vector<Digest> questions;
  for (int q = 0; q < count; ++q) questions.push_back(digest_of("question " + std::to_string(q)));
  return questions;
}

sweep::Plan plan_of(const config::Config& config, int buckets = 8, int questions = 5) {
  return make_plan(config, identify(config), buckets_of(buckets), questions_of(questions));
}

std::size_t nodes(const sweep::Plan& plan, Stage stage) { return plan.nodes_of(stage).size(); }

/// All keys of a stage.
std::set<Digest> keys(const sweep::Plan& plan, Stage stage) {
  std::set<Digest> all;
  for (const int number : plan.nodes_of(stage)) {
    const auto& node = plan.nodes[static_cast<std::size_t>(number)];
    for (int part = 0; part < plan.parts_of(node); ++part) all.insert(plan.part_key(node, part));
  }
  return all;
}

std::size_t shared(const std::set<Digest>& a, const std::set<Digest>& b) {
  return static_cast<std::size_t>(std::ranges::count_if(a, [&](const auto& key) { return b.contains(key); }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_recipes_are_one_node) {
  const auto plan = plan_of(grid(3, 2, {2, 4}, 2));
  BOOST_TEST(plan.trials.size() == 24U);
  BOOST_TEST(nodes(plan, Stage::read) == 1U);
  BOOST_TEST(nodes(plan, Stage::gold) == 1U);
  BOOST_TEST(nodes(plan, Stage::chunk) == 3U);
  BOOST_TEST(nodes(plan, Stage::embed) == 6U);
  BOOST_TEST(nodes(plan, Stage::query) == 2U);
  BOOST_TEST(nodes(plan, Stage::index) == 6U);
  BOOST_TEST(nodes(plan, Stage::search) == 6U);
  BOOST_TEST(nodes(plan, Stage::select) == 12U);
  BOOST_TEST(nodes(plan, Stage::score) == 24U);
}

BOOST_AUTO_TEST_CASE(two_names_of_one_model_are_one_node) {
  const auto config = grid(1, 2, {2}, 2);
  auto identities = identify(config);
  identities.embedders["embedder1"] = identities.embedders["embedder0"];
  identities.llms["llm1"] = identities.llms["llm0"];
  const auto plan = make_plan(config, identities, buckets_of(8), questions_of(5));
  BOOST_TEST(plan.trials.size() == 4U);
  BOOST_TEST(nodes(plan, Stage::embed) == 1U);
  BOOST_TEST(nodes(plan, Stage::score) == 1U);
}

BOOST_AUTO_TEST_CASE(every_part_has_a_key_of_its_own) {
  const auto plan = plan_of(grid(3, 2, {2, 4}, 2));
  std::set<Digest> all;
  std::size_t parts = 0;
  for (int s = 0; s < sweep::stage_count; ++s) {
    const auto stage = static_cast<Stage>(s);
    const auto of_stage = keys(plan, stage);
    for (const int number : plan.nodes_of(stage)) {
      parts += static_cast<std::size_t>(plan.parts_of(plan.nodes[static_cast<std::size_t>(number)]));
    }
    all.insert(of_stage.begin(), of_stage.end());
  }
  BOOST_TEST(all.size() == parts);
}

// Changed on purpose? Raise the version of each stage whose *output* changed in version_of() of
// src/sweep/plan.cpp; keys downstream of it change by themselves. Only if what enters keys changed while
// outputs did not, raise nothing; either way the state folders of all users are computed anew, so say so in
// CHANGELOG.md, and pin the new values.
BOOST_AUTO_TEST_CASE(part_keys_are_pinned) {
  const auto config = grid(1, 1, {2}, 1);
  const auto plan = make_plan(config, identify(config), buckets_of(2), questions_of(1));
  const std::vector<std::pair<Stage, std::string>> pinned = {
      {Stage::read, "e241316ef494d9b975b63864ac87020a"},
      {Stage::gold, "7548f35d1037199d456553b1befa8c92"},
      {Stage::chunk, "56385d903852efec8412ca4a2b681594"},
      {Stage::embed, "9cf452922ce64955f526bd5c5b104952"},
      {Stage::query, "f9cbac291e0a99b373c25060727fee43"},
      {Stage::index, "3d15334033233a19ed82e78936d254f9"},
      {Stage::search, "71a4245fbb1fe7706156ed342c90b5d5"},
      {Stage::select, "e359f254fa16422c0ac3b88fc55e9607"},
      {Stage::score, "2829132c80210cb0687d12b0befdf2fc"}};
  for (const auto& [stage, key] : pinned) {
    const auto& node = plan.nodes[static_cast<std::size_t>(plan.nodes_of(stage).at(0))];
    BOOST_TEST(plan.part_key(node, 0).hex() == key, sweep::name_of(stage)
                                                        << ": " << plan.part_key(node, 0).hex());
  }
}

// A reranker added to a sweep leaves all that was computed without it in place.
BOOST_AUTO_TEST_CASE(trials_without_a_reranker_keep_their_keys_beside_those_with_one) {
  const auto plain = grid(2, 1, {2, 4}, 1);
  auto config = plain;
  config.space.rerankers = {"none", "cross"};
  const auto before = plan_of(plain);
  const auto after = plan_of(config);
  BOOST_TEST(after.trials.size() == 2 * before.trials.size());
  for (const auto stage : {Stage::search, Stage::select, Stage::score}) {
    const auto old = keys(before, stage);
    BOOST_TEST(shared(old, keys(after, stage)) == old.size(), sweep::name_of(stage));
  }
  for (const auto& trial : after.trials) BOOST_TEST((trial.rerank < 0) == (trial.reranker == "none"));
}

BOOST_AUTO_TEST_CASE(hits_are_reranked_once_whatever_top_k_and_language_model) {
  auto config = grid(3, 2, {2, 4}, 2);
  config.space.rerankers = {"none", "cross", "other"};
  const auto plan = plan_of(config);
  BOOST_TEST(plan.trials.size() == 72U);
  BOOST_TEST(nodes(plan, Stage::rerank) == 12U);  // method x embedder x reranker
  BOOST_TEST(nodes(plan, Stage::search) == 12U);  // to the depth of top_k, and to that of rerank_from
  BOOST_TEST(nodes(plan, Stage::select) == 36U);
  for (const int number : plan.nodes_of(Stage::rerank)) {
    const auto& node = plan.nodes[static_cast<std::size_t>(number)];
    BOOST_TEST(node.k == config.space.rerank_from);
    BOOST_TEST(plan.nodes[static_cast<std::size_t>(node.inputs.at(0))].k == node.k);
    BOOST_TEST(plan.parts_of(node) == std::ssize(plan.slices));
  }
  config.space.rerankers = {"cross"};
  config.space.rerank_from = 4;
  BOOST_TEST(nodes(plan_of(config), Stage::search) == 6U);
  config.space.rerank_from = 5;
  BOOST_TEST(shared(keys(plan, Stage::rerank), keys(plan_of(config), Stage::rerank)) == 0U);
  auto identities = identify(config);
  const auto old = make_plan(config, identities, buckets_of(8), questions_of(5));
  identities.rerankers["cross"] = digest_of("other weights");
  const auto changed = make_plan(config, identities, buckets_of(8), questions_of(5));
  BOOST_TEST((keys(old, Stage::search) == keys(changed, Stage::search)));
  BOOST_TEST(shared(keys(old, Stage::rerank), keys(changed, Stage::rerank)) == 0U);
  BOOST_TEST(shared(keys(old, Stage::select), keys(changed, Stage::select)) == 0U);
}

BOOST_AUTO_TEST_CASE(reranking_is_bounded_before_it_begins) {
  auto config = grid(1, 1, {2}, 1);
  config.space.rerankers = {"none", "jina"};
  config.models["jina"] = {"jina", "openai", {{"batch.texts", std::int64_t{8}}}, {}};
  const auto text = describe(plan_of(config), config);
  BOOST_TEST(text.find("at most 100 pairs of question and chunk, in about 15 calls") != std::string::npos,
             text);
  config.space.rerankers = {"none"};
  BOOST_TEST(describe(plan_of(config), config).find("rerank") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(calls_of_language_models_are_bounded_before_they_begin) {
  auto config = grid(2, 1, {3}, 2);
  BOOST_TEST(describe(plan_of(config), config).find("none to language models") != std::string::npos);
  const auto paid = [](const std::string& name) {
    return config::Model{name,
                         "openai",
                         {{"max_tokens", std::int64_t{100}}, {"price.input", 2.0}, {"price.output", 10.0}},
                         {}};
  };
  config.models["llm1"] = paid("llm1");
  config.models["embedder0"] = paid("embedder0");
  config.models["judge"] = paid("judge");
  config.judge.llm = "judge";
  const auto text = describe(plan_of(config), config);
  const auto has = [&](const std::string& line) { BOOST_TEST(text.find(line) != std::string::npos, text); };
  // 2 methods, 5 questions; 4 trials of 5 questions, each of 2 + 3 + 3 + 3 requests
  has("  answers              10 calls           1000 tokens of replies         0.0100 USD\n");
  has("  scores              220 calls          22000 tokens of replies         0.2200 USD\n");
  has("  repairs             220 calls");
  has("about 414 tokens to embedder0, 0.0008 USD");  // 2 methods, 828 bytes
}

BOOST_AUTO_TEST_CASE(reading_has_its_key_before_there_is_a_plan) {
  const auto plan = plan_of(grid(1, 1, {2}, 1));
  const auto& read = plan.nodes[static_cast<std::size_t>(plan.nodes_of(Stage::read).at(0))];
  for (int b = 0; b < 8; ++b) {
    BOOST_TEST(plan.part_key(read, b).hex() ==
               sweep::read_key(plan.buckets[static_cast<std::size_t>(b)].content).hex());
  }
}

// Invariant 3: what can be reused is; what cannot is not.
BOOST_AUTO_TEST_CASE(a_new_document_changes_its_bucket_and_what_sees_the_whole_corpus) {
  const auto config = grid(2, 1, {2}, 1);
  auto buckets = buckets_of(8);
  const auto before = make_plan(config, identify(config), buckets, questions_of(5));
  buckets[3].content = digest_of("one more");
  const auto after = make_plan(config, identify(config), buckets, questions_of(5));
  BOOST_TEST(shared(keys(before, Stage::read), keys(after, Stage::read)) == 7U);
  BOOST_TEST(shared(keys(before, Stage::embed), keys(after, Stage::embed)) == 14U);
  BOOST_TEST(shared(keys(before, Stage::index), keys(after, Stage::index)) == 6U);  // 3 of 4 shards, twice
  BOOST_TEST(shared(keys(before, Stage::query), keys(after, Stage::query)) == 5U);
  BOOST_TEST(shared(keys(before, Stage::search), keys(after, Stage::search)) == 0U);
  BOOST_TEST(shared(keys(before, Stage::score), keys(after, Stage::score)) == 0U);
}

BOOST_AUTO_TEST_CASE(each_parameter_changes_the_keys_from_its_stage_on) {
  auto config = grid(1, 1, {2}, 1);
  config.space.rerankers = {"cross"};
  const auto identities = identify(config);
  const auto before = plan_of(config);
  const auto unchanged_until = [&](const sweep::Plan& after, Stage first_changed,
                                   Stage also_same = Stage::read) {
    for (int s = 0; s < sweep::stage_count; ++s) {
      const auto stage = static_cast<Stage>(s);
      if (stage == Stage::gold || stage == Stage::query) continue;  // not upstream of all that follows them
      const bool same = keys(before, stage) == keys(after, stage);
      BOOST_TEST(same == (stage < first_changed || stage == also_same), sweep::name_of(stage));
    }
  };
  auto other = identities;
  other.tokenizer = digest_of("another tokenizer");
  unchanged_until(make_plan(config, other, buckets_of(8), questions_of(5)), Stage::chunk);
  other = identities;
  other.embedders["embedder0"] = digest_of("other weights");
  unchanged_until(make_plan(config, other, buckets_of(8), questions_of(5)), Stage::embed);
  auto changed = config;
  changed.index.factory = "HNSW32";
  unchanged_until(make_plan(changed, identities, buckets_of(8), questions_of(5)), Stage::index);
  changed = config;
  changed.index.margin += 1;
  unchanged_until(make_plan(changed, identities, buckets_of(8), questions_of(5)), Stage::search);
  other = identities;
  other.rerankers["cross"] = digest_of("other weights");
  unchanged_until(make_plan(config, other, buckets_of(8), questions_of(5)), Stage::rerank);
  other = identities;
  other.auto_merge[0] = true;
  unchanged_until(make_plan(config, other, buckets_of(8), questions_of(5)), Stage::select);
  other = identities;
  other.judge = digest_of("another judge");
  unchanged_until(make_plan(config, other, buckets_of(8), questions_of(5)), Stage::score);
  other = identities;
  other.document_names = digest_of("files were renamed, so golden sources mean other documents");
  unchanged_until(make_plan(config, other, buckets_of(8), questions_of(5)), Stage::score);
}

BOOST_AUTO_TEST_CASE(shards_and_slices_hold_everything_once) {
  for (const int buckets : {1, 2, 7, 8}) {
    for (const int questions : {1, 15, 16, 17, 100}) {
      const auto plan = plan_of(grid(1, 1, {2}, 1), buckets, questions);
      std::vector<int> seen;
      for (const auto& shard : plan.shards) seen.insert(seen.end(), shard.begin(), shard.end());
      BOOST_TEST(seen.size() == static_cast<std::size_t>(buckets));
      for (int b = 0; b < buckets; ++b) BOOST_TEST(seen[static_cast<std::size_t>(b)] == b);
      std::int64_t at = 0;
      for (const auto& slice : plan.slices) {
        BOOST_TEST(slice.begin == at);
        BOOST_TEST(slice.end > slice.begin);
        at = slice.end;
      }
      BOOST_TEST(at == questions);
    }
  }
}

BOOST_AUTO_TEST_CASE(ten_thousand_trials_are_planned_at_once) {
  std::vector<std::int64_t> top_k;
  for (int k = 1; k <= 20; ++k) top_k.push_back(k);
  const auto config = grid(50, 2, top_k, 5);
  const auto start = std::chrono::steady_clock::now();
  const auto plan = plan_of(config, 8, 200);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  BOOST_TEST(plan.trials.size() == 10000U);
  BOOST_TEST(nodes(plan, Stage::embed) == 100U);
  BOOST_TEST_MESSAGE("planned in " << seconds << " s");
  BOOST_TEST(seconds < 5);  // a bound on a hang, no measurement
}

BOOST_AUTO_TEST_CASE(the_plan_is_told_with_its_numbers) {
  const auto config = grid(3, 2, {2, 4}, 2);
  const auto text = describe(plan_of(config), config);
  BOOST_TEST(text.find("24 trials over 8 documents") != std::string::npos, text);
  BOOST_TEST(text.find("5 golden questions") != std::string::npos, text);
}
