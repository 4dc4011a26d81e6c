#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/pulse.hpp"
#include "comm/communicator.hpp"
#include "state/parts.hpp"
#include "sweep/outcome.hpp"
#include "testset/passages.hpp"
#include "testset/tasks.hpp"

namespace dream::testset {

/// A document as questions are made from it.
struct Book {
  std::string opening;
  std::vector<std::string> passages;  ///< verbatim
  std::vector<WordSet> words;         ///< content_words() of each passage
};

/// The read documents of a corpus: where their parts are, and how long a passage is.
struct Shelf {
  const state::PartStore& parts;
  const std::vector<sweep::Bucket>& buckets;
  std::int64_t bucket_count = 0;
  std::int64_t passage_bytes = 0;
};

/// What every document has to offer.
struct Stock {
  std::vector<Material> documents;                       ///< those with text, by digest; on all ranks
  std::map<Digest, sweep::FailedDocument> without_text;  ///< on all ranks; `name` is left empty
};

/// Counts the passages of all documents, each bucket on one rank. Collective.
[[nodiscard]] Stock take_stock(comm::Communicator& comm, const Shelf& shelf, const Pulse& pulse);

/// Fetches these documents. Local; memory: their texts.
[[nodiscard]] std::map<Digest, Book> fetch(const Shelf& shelf, const std::set<Digest>& documents,
                                           const Pulse& pulse);

}  // namespace dream::testset
