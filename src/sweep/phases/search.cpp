#include "stages/retrieve/search.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "comm/agree.hpp"
#include "parts/retrieved.hpp"
#include "parts/vectors.hpp"
#include "stages/index/shard.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/shard_rows.hpp"

namespace dream::sweep {
namespace {

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
  const retrieve::Source source{loaded.vectors(), loaded.ids(), loaded.longest(),
                                [&loaded](auto batch, auto count, auto scores, auto found) {
                                  loaded.nominate(batch, count, scores, found);
                                }};
  run.tally.queries += questions.rows;
  return retrieve::search(
      source, questions.view(),
      {.k = static_cast<std::int32_t>(k), .margin = static_cast<std::int32_t>(run.config.index.margin)},
      run.pulse);
}

/// The shards of this rank: the heaviest to the least loaded, as everywhere.
std::vector<int> my_shards(const Run& run) {
  std::vector<Item> items;
  for (std::size_t s = 0; s < run.plan.shards.size(); ++s) {
    std::int64_t bytes = 0;
    for (int b : run.plan.shards[s]) bytes += run.plan.buckets[static_cast<std::size_t>(b)].bytes;
    items.push_back({0, static_cast<int>(s), {}, bytes});
  }
  std::vector<int> own;
  for (const auto& item : mine(run, items)) own.push_back(item.part);
  return own;
}

}  // namespace

void search_indexes(Run& run) {
  const auto items = pending(run, Stage::search);
  StageScope scope(run, Stage::search, items);
  const auto shards = my_shards(run);
  for (const auto& item : items) {
    const auto& node = run.node(item.node);
    const auto k = static_cast<std::int32_t>(node.k);
    Retrieved best;
    comm::agree(run.comm, [&] {
      run.fault(Stage::search);
      const auto questions = load_questions(run, node.inputs.at(2));
      best = retrieve::no_hits(questions.rows);
      for (int shard : shards) {
        run.pulse();
        best = retrieve::merge(best, search_shard(run, node.inputs.at(0), shard, questions, node.k), k);
      }
    });
    best = retrieve::merge_over_ranks(run.comm, best, k);
    comm::agree(run.comm, [&] {
      if (run.comm.rank() != 0) return;
      run.parts.write(item.key, [&](state::H5Writer& file) { parts::save(file, best); });
      scope.advance();
    });
  }
}

}  // namespace dream::sweep
