#include "tests/bench/simulation/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace dream::simulation {
namespace {

sweep::Identities identities_of(const config::Config& config) {
  sweep::Identities identities;
  for (const auto& name : config.space.embedders) identities.embedders[name] = digest_of(name);
  for (const auto& name : config.space.llms) identities.llms[name] = digest_of(name);
  for (const auto& method : config.space.methods) {
    identities.methods.push_back(digest_of(method.canonical()));
    identities.auto_merge.push_back(false);
  }
  return identities;
}

/// Documents of very different length fall into buckets as their hashes do.
std::vector<sweep::Bucket> buckets_of(const World& world) {
  constexpr double spread = 1.2;  // of the logarithm
  std::mt19937_64 random(world.seed);
  std::lognormal_distribution<double> size(std::log(world.mean_bytes) - spread * spread / 2, spread);
  std::vector<sweep::Bucket> buckets(static_cast<std::size_t>(world.buckets));
  for (std::int64_t d = 0; d < world.documents; ++d) {
    auto& bucket = buckets[random() % buckets.size()];
    ++bucket.documents;
    bucket.bytes += std::max<std::int64_t>(100, static_cast<std::int64_t>(size(random)));
  }
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    buckets[b].number = static_cast<std::int64_t>(b);
    buckets[b].content = digest_of(fmt::format("bucket {}", b));
  }
  std::erase_if(buckets, [](const auto& bucket) { return bucket.documents == 0; });
  return buckets;
}

}  // namespace

config::Config config_of(const World& world) {
  config::Config config;
  config.sweep.coordinator = world.coordinator;
  config.corpus.buckets = world.buckets;
  config.index.shards = world.shards;
  for (int m = 0; m < world.methods; ++m)
    config.space.methods.push_back({"overlap", {{"size", std::int64_t{64 + m}}}});
  for (int e = 0; e < world.embedders; ++e) config.space.embedders.push_back(fmt::format("embedder{}", e));
  for (int l = 0; l < world.llms; ++l) config.space.llms.push_back(fmt::format("llm{}", l));
  config.space.top_k.clear();
  for (int k = 1; k <= world.top_k; ++k) config.space.top_k.push_back(2 * k);
  return config;
}

sweep::Plan plan_of(const World& world) {
  const auto config = config_of(world);
  std::vector<Digest> questions;
  for (std::int64_t q = 0; q < world.questions; ++q)
    questions.push_back(digest_of(fmt::format("question {}", q)));
  return sweep::make_plan(config, identities_of(config), buckets_of(world), questions);
}

}  // namespace dream::simulation
