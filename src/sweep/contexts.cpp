#include "sweep/contexts.hpp"

#include <algorithm>
#include <map>

#include "parts/chunks.hpp"
#include "parts/documents.hpp"

namespace dream::sweep {
namespace {

parts::Context make_context(const RetrievedChunk& hit, const Chunk& chunk, const std::string& document) {
  return {hit, render(chunk.context, document), chunk.context.spans, chunk.first_page, chunk.last_page};
}

/// A chosen chunk and the place of its context.
struct Wanted {
  const RetrievedChunk* hit;
  parts::Context* context;
};

/// Makes the contexts that lie in one bucket.
void fill_from_bucket(const Run& run, int read_node, int chunk_node, int bucket,
                      const std::vector<Wanted>& wanted) {
  std::map<Digest, std::string> texts;
  std::map<Digest, std::vector<Chunk>> chunks;
  for (auto& read : parts::load_documents(run.parts.open(run.key(read_node, bucket)))) {
    texts[read.document.hash] = std::move(read.document.text);
  }
  for (auto& chunked : parts::load_chunks(run.parts.open(run.key(chunk_node, bucket)))) {
    chunks[chunked.document] = std::move(chunked.chunks);
  }
  for (const auto& [hit, context] : wanted) {
    const auto& document = hit->chunk.document;
    *context = make_context(*hit, chunks.at(document).at(static_cast<std::size_t>(hit->chunk.ordinal)),
                            texts.at(document));
  }
}

}  // namespace

Chosen hits_of(const Retrieved& retrieved, std::int64_t begin, std::int64_t end, std::int64_t k) {
  Chosen questions;
  for (auto q = static_cast<std::size_t>(begin); q < static_cast<std::size_t>(end); ++q) {
    const auto from = retrieved.chunks.begin() + retrieved.offsets[q];
    const auto hits = retrieved.offsets[q + 1] - retrieved.offsets[q];
    questions.emplace_back(from, from + std::min(hits, k));
  }
  return questions;
}

std::size_t bucket_of(const Run& run, const Digest& document) {
  const auto number = bucket_number(document, run.config.corpus.buckets);
  const auto& buckets = run.plan.buckets;
  const auto found = std::ranges::lower_bound(buckets, number, {}, &Bucket::number);
  DREAM_CHECK(found != buckets.end() && found->number == number, "a hit in a bucket without documents");
  return static_cast<std::size_t>(found - buckets.begin());
}

std::vector<parts::SliceContexts> make_contexts(const Run& run, int read_node, int chunk_node,
                                                std::span<const Chosen> chosen) {
  std::vector<parts::SliceContexts> all(chosen.size());
  std::map<std::size_t, std::vector<Wanted>> wanted;  // by bucket
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    all[i].resize(chosen[i].size());
    for (std::size_t q = 0; q < all[i].size(); ++q) {
      const auto& hits = chosen[i][q];
      all[i][q].resize(hits.size());
      for (std::size_t h = 0; h < hits.size(); ++h) {
        wanted[bucket_of(run, hits[h].chunk.document)].push_back({&hits[h], &all[i][q][h]});
      }
    }
  }
  for (const auto& [bucket, places] : wanted) {
    run.pulse();
    fill_from_bucket(run, read_node, chunk_node, static_cast<int>(bucket), places);
  }
  return all;
}

}  // namespace dream::sweep
