#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"

/// The values that stages hand to each other. Each stage takes some of these and returns the next; none of
/// them knows a rank, a file of the state folder, or a trial.
namespace dream {

/// A half-open range of bytes of a cleaned document's text.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  auto operator<=>(const Span&) const = default;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
};

/// A cleaned document. `hash` is the digest of the file's bytes, never of its name.
struct Document {
  Digest hash;
  std::string text;  ///< UTF-8
  std::vector<std::int64_t>
      page_begin;  ///< byte of `text` where page i+1 begins; {0} when there are no pages
};

/// A text as ranges of its document and what joins them; a sentence window is several ranges.
struct Text {
  std::vector<Span> spans;
  std::string joiner;
  bool operator==(const Text&) const = default;
};

/// The characters of `text`, cut from its document.
[[nodiscard]] std::string render(const Text& text, std::string_view document);

/// Identity of a chunk in a chunking: the document and the ordinal in the chunker's output.
struct ChunkId {
  Digest document;
  std::int32_t ordinal = 0;
  auto operator<=>(const ChunkId&) const = default;
};

/// One piece of a document. Ordinals index the chunker's output for that document; -1: there is none.
struct Chunk {
  std::int32_t ordinal = 0;
  std::int32_t level = 0;  ///< 0 is the coarsest of a hierarchy
  bool indexed = true;     ///< only indexed chunks are embedded and searched
  std::int32_t parent = -1;
  std::int32_t prev = -1;
  std::int32_t next = -1;
  Text embed;        ///< what the embedder reads
  Text context;      ///< what the language model reads
  Digest text_hash;  ///< digest of the rendered `embed` text: equal across chunkers
  std::int32_t first_page = 1;
  std::int32_t last_page = 1;
};

/// How a retrieved chunk came into the list.
enum class Origin : std::uint8_t { hit = 0, filled = 1, merged = 2 };

struct RetrievedChunk {
  ChunkId chunk;
  float score = 0;
  Origin origin = Origin::hit;
};

/// Retrieved chunks of all golden questions, in golden order: those of question q are
/// chunks[offsets[q] .. offsets[q + 1]), best first; ties: lower chunk id first.
struct Retrieved {
  std::vector<std::int64_t> offsets{0};
  std::vector<RetrievedChunk> chunks;

  [[nodiscard]] std::int64_t questions() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

/// One golden question. Gold is where the answer stands, when the file says so.
struct GoldenQuestion {
  std::string id;
  std::string question;
  std::string reference;              ///< empty where the collection has none, or there is no answer
  std::vector<std::string> contexts;  ///< gold passages, verbatim
  std::vector<std::string> sources;   ///< file names

  std::vector<std::string> alternatives{};  ///< further references that are as right
  std::vector<std::int64_t> grades{};       ///< relevance of each source; empty: all the same
  bool unanswerable = false;                ///< the corpus has no answer, and the right one says so
  std::int64_t line = 0;                    ///< where it begins in its file; 0: unknown
};

/// Where the evidence for a question stands in the cleaned corpus.
struct GoldSpan {
  Digest document;
  Span span;  ///< the whole document when only the source is known
  bool whole_document = false;
};

/// One piece of evidence for a question. It may stand at several places (a passage that two documents quote),
/// and any of them will do. Never empty.
struct GoldItem {
  std::vector<GoldSpan> places;
  std::int64_t grade = 1;  ///< its relevance, at least 1
};

/// What a model answered, or why there is no answer.
struct Answer {
  std::string text;
  std::string reason;  ///< empty, or a reason code of docs/errors.md ("timeout", "refusal", ...)
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
};

/// One verdict of a language model as judge about an answer.
struct Remark {
  std::string metric;        ///< that it counts for
  std::string statement;     ///< what was judged
  std::int64_t verdict = 0;  ///< 0 or 1, for answer_correctness a judge::Class, for answer_relevancy whether
                             ///< the answer evades
  std::string reason;        ///< the judge's own words; empty where it gave none
};

/// A metric's value for one question, or the reason why there is none.
struct Score {
  double value = 0;
  std::string reason;  ///< empty when `value` holds
  [[nodiscard]] bool has_value() const { return reason.empty(); }
};

}  // namespace dream
