#include <algorithm>
#include <list>
#include <optional>

#include "parts/chunks.hpp"
#include "parts/documents.hpp"
#include "parts/retrieved.hpp"
#include "stages/chunk/chunker.hpp"
#include "stages/retrieve/auto_merge.hpp"
#include "sweep/phases/phases.hpp"

namespace dream::sweep {
namespace {

/// The documents and chunks of a bucket, by document.
struct LoadedBucket {
  struct Entry {
    Document document;
    std::vector<Chunk> chunks;
    std::vector<retrieve::Relations> relations;
  };
  std::map<Digest, Entry> entries;
  std::int64_t bytes = 0;
};

/// Loads buckets when a chunk of theirs is wanted, and keeps the last ones within a budget of bytes.
class BucketCache {
 public:
  BucketCache(const Run& run, int read_node, int chunk_node)
      : run_(run), read_node_(read_node), chunk_node_(chunk_node) {
    for (std::size_t i = 0; i < run.plan.buckets.size(); ++i) {
      index_[run.plan.buckets[i].number] = static_cast<int>(i);
    }
  }

  const LoadedBucket::Entry& entry(const Digest& document) {
    const auto number = document.prefix() % static_cast<std::uint64_t>(run_.config.corpus.buckets);
    return bucket(index_.at(static_cast<std::int64_t>(number))).entries.at(document);
  }

 private:
  static constexpr std::int64_t budget_bytes = 256 << 20;

  const LoadedBucket& bucket(int at) {
    const auto found = std::ranges::find(recent_, at, &std::pair<int, LoadedBucket>::first);
    if (found != recent_.end()) {
      recent_.splice(recent_.begin(), recent_, found);
      return recent_.front().second;
    }
    recent_.emplace_front(at, load(at));
    held_ += recent_.front().second.bytes;
    while (held_ > budget_bytes && recent_.size() > 1) {
      held_ -= recent_.back().second.bytes;
      recent_.pop_back();
    }
    return recent_.front().second;
  }

  LoadedBucket load(int at) const {
    LoadedBucket bucket;
    for (auto& read : parts::load_documents(run_.parts.open(run_.key(read_node_, at)))) {
      bucket.bytes += std::ssize(read.document.text);
      bucket.entries[read.document.hash].document = std::move(read.document);
    }
    for (auto& chunked : parts::load_chunks(run_.parts.open(run_.key(chunk_node_, at)))) {
      auto& entry = bucket.entries.at(chunked.document);
      bucket.bytes += std::ssize(chunked.chunks) * static_cast<std::int64_t>(sizeof(Chunk) + 64);
      entry.relations = retrieve::relations_of(chunked.chunks);
      entry.chunks = std::move(chunked.chunks);
    }
    return bucket;
  }

  const Run& run_;
  int read_node_;
  int chunk_node_;
  std::map<std::int64_t, int> index_;
  std::list<std::pair<int, LoadedBucket>> recent_;  ///< most recently used first
  std::int64_t held_ = 0;
};

parts::Context make_context(const RetrievedChunk& hit, const LoadedBucket::Entry& entry) {
  const auto& chunk = entry.chunks.at(static_cast<std::size_t>(hit.chunk.ordinal));
  return {hit, render(chunk.context, entry.document.text), chunk.context.spans, chunk.first_page, chunk.last_page};
}

/// The contexts of one question: the first k hits, merged when the method asks for it.
std::vector<parts::Context> select(const Node& node, std::span<const RetrievedChunk> hits, bool merge,
                                   retrieve::Repeats repeats, BucketCache& cache) {
  const auto k = std::min(hits.size(), static_cast<std::size_t>(node.k));
  std::vector<RetrievedChunk> chosen(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(k));
  if (merge) {
    auto lookup = [&cache](const ChunkId& id) {
      return cache.entry(id.document).relations.at(static_cast<std::size_t>(id.ordinal));
    };
    chosen = retrieve::auto_merge(std::move(chosen), lookup, 0.5, repeats);
  }
  std::vector<parts::Context> contexts;
  for (const auto& hit : chosen) contexts.push_back(make_context(hit, cache.entry(hit.chunk.document)));
  return contexts;
}

}  // namespace

void select_contexts(Run& run) {
  std::map<int, Retrieved> searches;  // few, and small: questions x k
  std::map<int, BucketCache> caches;  // by chunk node
  make_parts(run, Stage::select, [&](const Item& item) {
    const auto& node = run.node(item.node);
    const int search = node.inputs.at(0);
    const int chunk = node.inputs.at(1);
    if (!searches.contains(search)) searches[search] = parts::load_retrieved(run.parts.open(run.key(search, 0)));
    if (!caches.contains(chunk)) caches.clear();  // nodes come in order: one chunking in memory at a time
    auto& cache = caches.try_emplace(chunk, run, node.inputs.at(2), chunk).first->second;
    const auto& method = run.config.space.methods[static_cast<std::size_t>(node.method)];
    const bool merge = chunk::chunker_row(method.name).auto_merge;
    const bool as_dream = method.params.has("compat") && method.params.get<std::string>("compat") == "dream";
    const auto repeats = as_dream ? retrieve::Repeats::by_text : retrieve::Repeats::by_chunk;
    const auto& retrieved = searches.at(search);
    const auto& slice = run.plan.slices[static_cast<std::size_t>(item.part)];
    parts::SliceContexts contexts;
    for (auto q = slice.begin; q < slice.end; ++q) {
      run.pulse();
      const auto from = static_cast<std::size_t>(retrieved.offsets[static_cast<std::size_t>(q)]);
      const auto to = static_cast<std::size_t>(retrieved.offsets[static_cast<std::size_t>(q) + 1]);
      contexts.push_back(select(node, std::span(retrieved.chunks).subspan(from, to - from), merge, repeats, cache));
    }
    run.parts.write(item.key, [&](state::H5Writer& file) { parts::save(file, contexts); });
  });
}

}  // namespace dream::sweep
