#include <algorithm>
#include <map>
#include <set>

#include "parts/chunks.hpp"
#include "parts/reranked.hpp"
#include "parts/retrieved.hpp"
#include "stages/chunk/chunker.hpp"
#include "stages/retrieve/auto_merge.hpp"
#include "sweep/contexts.hpp"
#include "sweep/phases/phases.hpp"

// Hits lie anywhere in the corpus, and texts lie in buckets. So the items of one chunking are done together:
// first which chunks each question gets, then bucket by bucket their texts, so that a corpus larger than
// memory is read once.
namespace dream::sweep {
namespace {

/// Contexts that are made at a time; at a few kilobytes each they must fit into memory.
constexpr std::int64_t contexts_at_a_time = 100'000;

using Searches = std::map<int, Retrieved>;  ///< by search node
using Relations = std::map<Digest, std::vector<retrieve::Relations>>;

std::int64_t most_contexts(const Run& run, const Item& item) {
  const auto& slice = run.plan.slices[static_cast<std::size_t>(item.part)];
  return (slice.end - slice.begin) * run.node(item.node).k;
}

/// The items from the first one on that share its chunking, as many as may be made at a time.
std::span<const Item> group_of(const Run& run, std::span<const Item> items) {
  const auto chunking = [&](const Item& item) { return run.node(item.node).inputs.at(1); };
  std::int64_t contexts = 0;
  std::size_t size = 0;
  while (size < items.size() && chunking(items[size]) == chunking(items[0])) {
    contexts += most_contexts(run, items[size]);
    if (size > 0 && contexts > contexts_at_a_time) break;
    ++size;
  }
  return items.first(size);
}

/// The first k hits of each question of the item's slice, as the search found them or as a reranker ordered
/// them.
Chosen first_hits(const Run& run, const Item& item, Searches& searches) {
  const auto& node = run.node(item.node);
  const int source = node.inputs.at(0);
  const auto& slice = run.plan.slices[static_cast<std::size_t>(item.part)];
  if (run.node(source).stage == Stage::rerank) {
    const auto part = parts::load_reranked(run.parts.open(run.key(source, item.part)));
    return hits_of(part.retrieved, 0, slice.end - slice.begin, node.k);
  }
  if (!searches.contains(source))
    searches[source] = parts::load_retrieved(run.parts.open(run.key(source, 0)));
  return hits_of(searches.at(source), slice.begin, slice.end, node.k);
}

/// How the chunks of the documents with hits hang together.
Relations load_relations(const Run& run, int chunk_node, const std::vector<Chosen>& chosen) {
  std::map<std::size_t, std::set<Digest>> wanted;  // by bucket
  for (const auto& questions : chosen) {
    for (const auto& hits : questions) {
      for (const auto& hit : hits) wanted[bucket_of(run, hit.chunk.document)].insert(hit.chunk.document);
    }
  }
  Relations relations;
  for (const auto& [bucket, documents] : wanted) {
    run.pulse();
    for (const auto& chunked :
         parts::load_chunks(run.parts.open(run.key(chunk_node, static_cast<int>(bucket))))) {
      if (documents.contains(chunked.document))
        relations[chunked.document] = retrieve::relations_of(chunked.chunks);
    }
  }
  return relations;
}

void merge_hits(const Run& run, const Choice& method, const Relations& relations,
                std::vector<Chosen>& chosen) {
  const bool as_dream = method.params.has("compat") && method.params.get<std::string>("compat") == "dream";
  const auto repeats = as_dream ? retrieve::Repeats::by_text : retrieve::Repeats::by_chunk;
  const auto lookup = [&](const ChunkId& id) {
    return relations.at(id.document).at(static_cast<std::size_t>(id.ordinal));
  };
  for (auto& questions : chosen) {
    for (auto& hits : questions) {
      run.pulse();
      hits = retrieve::auto_merge(std::move(hits), lookup, 0.5, repeats);
    }
  }
}

/// The contexts of the items of a group, in order.
std::vector<parts::SliceContexts> select(const Run& run, std::span<const Item> group, Searches& searches) {
  const auto& node = run.node(group.front().node);
  const int chunk_node = node.inputs.at(1);
  std::vector<Chosen> chosen;
  for (const auto& item : group) chosen.push_back(first_hits(run, item, searches));
  const auto& method = run.config.space.methods[static_cast<std::size_t>(node.method)];
  if (chunk::chunker_row(method.name).auto_merge) {
    merge_hits(run, method, load_relations(run, chunk_node, chosen), chosen);
  }
  return make_contexts(run, node.inputs.at(2), chunk_node, chosen);
}

}  // namespace

void select_contexts(Run& run) {
  const auto items = mine(run, pending(run, Stage::select));
  Searches searches;  // few, and small: questions x k
  std::map<Digest, parts::SliceContexts> ready;
  std::size_t next = 0;  // of `items`
  make_parts(run, Stage::select, [&](const Item& item) {
    if (!ready.contains(item.key)) {
      const auto group = group_of(run, std::span(items).subspan(next));
      auto contexts = select(run, group, searches);
      for (std::size_t i = 0; i < group.size(); ++i) ready[group[i].key] = std::move(contexts[i]);
      next += group.size();
    }
    const auto contexts = std::move(ready.at(item.key));
    ready.erase(item.key);
    run.parts.write(item.key, [&](state::H5Writer& file) { parts::save(file, contexts); });
  });
}

}  // namespace dream::sweep
