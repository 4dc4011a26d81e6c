#include "stages/retrieve/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/file.hpp"
#include "comm/agree.hpp"
#include "device/exact_search.hpp"
#include "parts/retrieved.hpp"
#include "parts/vectors.hpp"
#include "stages/index/shard.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/shard_rows.hpp"

namespace dream::sweep {
namespace {

constexpr device::SearchPlan search_plan{};

/// The vectors of all golden questions, slice after slice.
Matrix load_questions(const Run& run, int query_node) {
  Matrix all;
  for (int part = 0; part < run.plan.parts_of(run.node(query_node)); ++part) {
    const auto slice = parts::load_query_vectors(run.parts.open(run.key(query_node, part)));
    all.cols = slice.cols;
    all.rows += slice.rows;
    all.values.insert(all.values.end(), slice.values.begin(), slice.values.end());
  }
  return all;
}

/// A GPU searches what an index of every row holds, unless rounding would lose too much of longer vectors.
std::unique_ptr<device::ExactSearch> search_on_gpu(const Run& run, const index::Shard& shard) {
  constexpr double longest = 16;  // far from what fp16 can hold; embedders give 1
  if (!run.accelerator || !shard.is_exact()) return nullptr;
  if (shard.longest() > longest) {
    run.log(Level::warning,
            fmt::format("a vector is {} long: its shard is searched on the CPU, since numbers of the GPU's "
                        "search hold lengths up to {}",
                        shard.longest(), longest));
    return nullptr;
  }
  return std::make_unique<device::ExactSearch>(run.accelerator, shard.vectors(), search_plan, run.pulse);
}

/// A shard is loaded, searched with all questions, and released: memory is bounded by the largest one.
Retrieved search_shard(Run& run, int index_node, int shard, const Matrix& questions, std::int64_t k) {
  const auto part = run.parts.open(run.key(index_node, shard));
  index::ShardRows rows;
  // A Flat index holds the vectors itself; any other only codes of them.
  if (part.text_attribute("factory") == index::flat)
    rows.ids = parts::load_shard(part).ids;
  else
    rows = load_rows(run, index_node, shard);
  if (rows.ids.empty()) return retrieve::no_hits(questions.rows);
  const auto path = run.parts.path(run.key(index_node, shard), "faiss");
  const auto file = read_file(path);
  if (digest_of(file).hex() != part.text_attribute("faiss_digest")) {
    throw StateError(path.string(), "",
                     "truncated or altered; remove it and the .h5 beside it, and they will be made again");
  }
  const index::Shard loaded(file, std::move(rows), {}, path.string());
  retrieve::Source source{loaded.vectors(), loaded.ids(), loaded.longest(),
                          [&loaded](auto batch, auto count, auto scores, auto found) {
                            loaded.nominate(batch, count, scores, found);
                          }};
  retrieve::SearchOptions options{.k = static_cast<std::int32_t>(k),
                                  .margin = static_cast<std::int32_t>(run.config.index.margin)};
  const auto on_gpu = search_on_gpu(run, loaded);
  if (on_gpu) {
    source.nominate_scored = [&](auto batch, auto count, auto scores, auto own, auto found) {
      on_gpu->find(batch, count, scores, own, found, run.pulse);
    };
    source.raw_error = [&](double length) { return on_gpu->raw_error(length, loaded.longest()); };
    options.most_nominated = kernels::most_k;
    options.batch = search_plan.questions;
  }
  run.tally.queries += questions.rows;
  return retrieve::search(source, questions.view(), options, run.pulse);
}

/// The vectors of the questions, by query node: loaded when a shard is searched with them.
const Matrix& questions_of(const Run& run, int query_node, std::map<int, Matrix>& loaded) {
  const auto [at, is_new] = loaded.try_emplace(query_node);
  if (is_new) at->second = load_questions(run, query_node);
  return at->second;
}

/// What this rank's share of the shards holds for some search nodes, in the order of `searches`.
std::vector<Retrieved> search_mine(Run& run, std::span<const Item> searches) {
  std::vector<Retrieved> best(searches.size(), retrieve::no_hits(std::ssize(run.questions)));
  std::map<int, Matrix> questions;
  for (const auto& item : mine(run, shard_searches(run.plan, searches))) {
    run.pulse();
    const auto span = run.span(item);
    const auto& node = run.node(item.node);
    const auto at = std::ranges::find(searches, item.node, &Item::node) - searches.begin();
    auto& found = best[static_cast<std::size_t>(at)];
    found = retrieve::merge(found,
                            search_shard(run, node.inputs.at(0), item.part,
                                         questions_of(run, node.inputs.at(2), questions), node.k),
                            static_cast<std::int32_t>(node.k));
  }
  return best;
}

}  // namespace

void search_indexes(Run& run) {
  const auto items = pending(run, Stage::search);
  StageScope scope(run, Stage::search, items);
  for (auto left = std::span(items); !left.empty();) {
    const auto group = left.first(searches_together(run.plan, left, run.workers));
    left = left.subspan(group.size());
    std::vector<Retrieved> best;
    comm::agree(run.comm, [&] {
      run.fault(Stage::search);
      best = search_mine(run, group);
    });
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto k = static_cast<std::int32_t>(run.node(group[i].node).k);
      const auto merged = retrieve::merge_over_ranks(run.comm, best[i], k);
      best[i] = {};
      comm::agree(run.comm, [&] {
        if (run.comm.rank() != 0) return;
        run.parts.write(group[i].key, [&](state::H5Writer& file) { parts::save(file, merged); });
        scope.advance();
      });
    }
  }
}

}  // namespace dream::sweep
