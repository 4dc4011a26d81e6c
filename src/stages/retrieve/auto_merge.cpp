#include "stages/retrieve/auto_merge.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/errors.hpp"

namespace dream::retrieve {
namespace {

/// A chunk of the list, with its score before rounding and its relations, looked up once.
struct Entry {
  ChunkId chunk;
  double score = 0;
  Origin origin = Origin::hit;
  Relations relations;
};

using List = std::vector<Entry>;

ChunkId parent_of(const Entry& entry) { return {entry.chunk.document, entry.relations.parent}; }

bool one_is_missing_between(const Entry& a, const Entry& b) {
  return a.chunk.document == b.chunk.document && a.relations.next >= 0 &&
         a.relations.next == b.relations.prev;
}

/// Inserts the chunks that are missing between two neighbours of the list. Returns whether there were any.
bool fill(List& list, const ChunkLookup& lookup) {
  List filled;
  for (std::size_t i = 0; i < list.size(); ++i) {
    filled.push_back(list[i]);
    if (i + 1 == list.size() || !one_is_missing_between(list[i], list[i + 1])) continue;
    const ChunkId missing{list[i].chunk.document, list[i].relations.next};
    filled.push_back({missing, (list[i].score + list[i + 1].score) / 2, Origin::filled, lookup(missing)});
  }
  const bool changed = filled.size() > list.size();
  list = std::move(filled);
  return changed;
}

/// A parent and those of its children that are in the list.
struct Family {
  ChunkId parent;
  std::int32_t present = 0;
  double score_sum = 0;
};

/// Families in the order in which the list meets their first child.
std::vector<Family> families_of(const List& list) {
  std::vector<Family> families;
  std::map<ChunkId, std::size_t> place;
  for (const auto& entry : list) {
    if (entry.relations.parent < 0) continue;
    const auto [found, is_new] = place.try_emplace(parent_of(entry), families.size());
    if (is_new) families.push_back({.parent = found->first});
    auto& family = families[found->second];
    ++family.present;
    family.score_sum += entry.score;
  }
  return families;
}

/// Puts parents in the place of their children. Returns whether there were any to put.
bool merge(List& list, const ChunkLookup& lookup, double threshold) {
  List parents;
  std::set<ChunkId> merged;
  for (const auto& family : families_of(list)) {
    const auto relations = lookup(family.parent);
    DREAM_CHECK(relations.children > 0, "a chunk's parent has no children");
    if (static_cast<double>(family.present) / relations.children <= threshold) continue;
    parents.push_back({family.parent, family.score_sum / family.present, Origin::merged, relations});
    merged.insert(family.parent);
  }
  std::erase_if(list,
                [&](const Entry& e) { return e.relations.parent >= 0 && merged.contains(parent_of(e)); });
  list.insert(list.end(), parents.begin(), parents.end());
  return !parents.empty();
}

void drop_repeats(List& list, Repeats repeats) {
  std::set<ChunkId> chunks;
  std::set<std::pair<Digest, Digest>> texts;
  std::erase_if(list, [&](const Entry& e) {
    return repeats == Repeats::by_chunk ? !chunks.insert(e.chunk).second
                                        : !texts.insert({e.chunk.document, e.relations.text_hash}).second;
  });
}

}  // namespace

std::vector<Relations> relations_of(std::span<const Chunk> chunks) {
  std::vector<Relations> out(chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto& chunk = chunks[i];
    DREAM_CHECK(chunk.ordinal == static_cast<std::int32_t>(i),
                "chunks are not in the order of their ordinals");
    out[i].parent = chunk.parent;
    out[i].prev = chunk.prev;
    out[i].next = chunk.next;
    out[i].text_hash = chunk.text_hash;
    if (chunk.parent >= 0) ++out.at(static_cast<std::size_t>(chunk.parent)).children;
  }
  return out;
}

std::vector<RetrievedChunk> auto_merge(std::vector<RetrievedChunk> hits, const ChunkLookup& lookup,
                                       double threshold, Repeats repeats) {
  List list;
  for (const auto& hit : hits) list.push_back({hit.chunk, hit.score, hit.origin, lookup(hit.chunk)});
  drop_repeats(list, repeats);
  // This ends: merging only moves up, and a gap between two neighbours is filled once.
  for (bool changed = true; changed;) {
    changed = fill(list, lookup);
    changed = merge(list, lookup, threshold) || changed;
  }
  for (auto& entry : list) entry.score = static_cast<float>(entry.score);
  std::ranges::stable_sort(list, [](const Entry& a, const Entry& b) {
    return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
  });
  drop_repeats(list, repeats);
  std::vector<RetrievedChunk> out;
  out.reserve(list.size());
  for (const auto& e : list) out.push_back({e.chunk, static_cast<float>(e.score), e.origin});
  return out;
}

}  // namespace dream::retrieve
