#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/digest.hpp"
#include "stages/types.hpp"

namespace dream::golden {

/// What the search for a golden passage needs of it: its letters and digits alone (lexical/letters.hpp), and
/// of them digests, so that no rank holds all passages' texts. Plain.
struct Passage {
  Digest letters;
  std::uint64_t hash = 0;  ///< of all letters
  std::uint64_t head = 0;  ///< of those in its window
  std::int64_t size = 0;   ///< letters; 0: it has none and cannot be found
};
[[nodiscard]] Passage passage_of(std::string_view text);
/// Of each question's contexts, in their order.
[[nodiscard]] std::vector<std::vector<Passage>> passages_of(std::span<const GoldenQuestion> questions);

/// A passage found in a document. Plain, so that ranks can send theirs to each other.
struct GoldHit {
  std::int32_t passage = 0;  ///< as GoldFinder numbers them
  Digest document;
  Span span;
  auto operator<=>(const GoldHit&) const = default;
};

/// Finds all gold passages of all questions in one pass over each document. Passages and documents are
/// compared by letters and digits alone (lexical/letters.hpp), so white space, line breaks, hyphens, quotes
/// and markup may differ. Immutable after construction; safe from several threads.
class GoldFinder {
 public:
  /// By question. Equal passages of several questions are one. Passages without a letter or digit are left
  /// out.
  explicit GoldFinder(std::span<const std::vector<Passage>> questions);

  /// The passages that stand in this text, each at its first place, by passage. O(bytes), whatever the number
  /// of passages.
  [[nodiscard]] std::vector<GoldHit> find(const Digest& document, std::string_view text) const;

  /// passages()[q]: the numbers of question q's contexts, in their order; -1 for one without letters.
  [[nodiscard]] const std::vector<std::vector<std::int32_t>>& passages() const { return passages_; }

 private:
  /// Passages with at least so many letters are found by the hash of their first `window` letters.
  struct Window {
    std::size_t size = 0;
    std::unordered_multimap<std::uint64_t, std::int32_t> by_hash;
  };

  struct Needle {
    Passage passage;
    std::uint64_t leaving = 0;  ///< base to the power of its size
  };

  std::vector<Needle> needles_;
  std::vector<std::vector<std::int32_t>> passages_;
  std::vector<Window> windows_;
};

/// Documents that bear a name: what a question's `sources` may mean.
using DocumentNames = std::multimap<std::string, Digest>;

/// A context that stands in no document.
struct LostPassage {
  std::int64_t question = 0;  ///< its place, from 0
  std::int64_t context = 0;   ///< among the question's contexts
};

/// items[q]: the evidence of question q. Each context that was found is an item with all its places, those in
/// the question's own sources only when there are any. A question none of whose contexts was found has an
/// item for each source that exists (whole documents); a source that is a pattern gives one item for each
/// document. Without either the question has no items.
struct Gold {
  std::vector<std::vector<GoldItem>> items;
  std::int64_t located = 0;        ///< questions with at least one passage in its place
  std::int64_t by_source = 0;      ///< questions whose gold is whole documents
  std::int64_t without = 0;        ///< questions without any gold
  std::int64_t lost_passages = 0;  ///< contexts (with letters) that stand in no document
  std::vector<LostPassage> lost;   ///< the first of them, at most most_lost
};
inline constexpr std::size_t most_lost = 20;

/// hits: of all documents, in any order. The result does not depend on how documents were spread over ranks.
/// sizes: bytes of each document's text, for whole-document spans.
[[nodiscard]] Gold assemble(std::span<const GoldenQuestion> questions, const GoldFinder& finder,
                            std::vector<GoldHit> hits, const DocumentNames& names,
                            const std::map<Digest, std::int64_t>& sizes);

}  // namespace dream::golden
