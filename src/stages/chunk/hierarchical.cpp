#include <algorithm>

#include "base/params.hpp"
#include "stages/chunk/methods.hpp"
#include "stages/chunk/sentence_splitter.hpp"

namespace dream::chunk {
namespace {

using Sizes = std::vector<std::int64_t>;

/// Which chunks of the hierarchy are searched.
enum class Indexed { leaves, all_levels };

class Hierarchical : public Chunker {
 public:
  Hierarchical(Sizes sizes, std::int64_t overlap, Indexed indexed,
               std::shared_ptr<const text::Tokenizer> tokenizer)
      : sizes_(std::move(sizes)), overlap_(overlap), indexed_(indexed), tokenizer_(std::move(tokenizer)) {}

  std::vector<Chunk> chunk(const Document& document) const override {
    TokenCounts counts(document.text, *tokenizer_);
    const Span whole{0, static_cast<std::int64_t>(document.text.size())};
    std::vector<Chunk> chunks;
    append_family(chunks, document, split_by_sentences(counts, whole, {sizes_[0], overlap_}), -1, 0);
    std::size_t level_begin = 0;
    for (std::size_t level = 1; level < sizes_.size(); ++level) {
      const auto level_end = chunks.size();
      for (auto parent = level_begin; parent < level_end; ++parent) {
        const auto spans =
            split_by_sentences(counts, chunks[parent].embed.spans[0], {sizes_[level], overlap_});
        append_family(chunks, document, spans, static_cast<std::int32_t>(parent),
                      static_cast<std::int32_t>(level));
      }
      level_begin = level_end;
    }
    return chunks;
  }

 private:
  /// Appends the children of one parent (-1: the document), linked with each other but not across parents.
  void append_family(std::vector<Chunk>& chunks, const Document& document, const std::vector<Span>& spans,
                     std::int32_t parent, std::int32_t level) const {
    const auto first = static_cast<std::int32_t>(chunks.size());
    const auto end = first + static_cast<std::int32_t>(spans.size());
    for (auto ordinal = first; ordinal < end; ++ordinal) {
      const Text text{{spans[static_cast<std::size_t>(ordinal - first)]}, ""};
      auto chunk = make_chunk(document, text, text);
      chunk.ordinal = ordinal;
      chunk.level = level;
      chunk.indexed = indexed_ == Indexed::all_levels || static_cast<std::size_t>(level) + 1 == sizes_.size();
      chunk.parent = parent;
      chunk.prev = ordinal > first ? ordinal - 1 : -1;
      chunk.next = ordinal + 1 < end ? ordinal + 1 : -1;
      chunks.push_back(std::move(chunk));
    }
  }

  Sizes sizes_;
  std::int64_t overlap_;
  Indexed indexed_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

std::string check(const Params& params) {
  const auto& sizes = params.get<Sizes>("sizes");
  const auto& compat = params.get<std::string>("compat");
  if (!compat.empty() && compat != "dream")
    return "compat = \"" + compat + "\" is unknown; it is \"\" or \"dream\"";
  if (sizes.size() < 2) {
    return "sizes = " + to_text(sizes) + " needs at least two levels; one level is the method \"overlap\"";
  }
  if (compat.empty() && !std::ranges::is_sorted(sizes, std::ranges::greater_equal{})) {
    return "sizes = " + to_text(sizes) +
           " must descend, or the lower levels repeat the upper ones; compat = \"dream\" allows it";
  }
  return check_overlap(params.get<std::int64_t>("overlap"), std::ranges::min(sizes), "the smallest of sizes");
}

}  // namespace

ChunkerRow hierarchical_row() {
  return {
      .info = {.name = "hierarchical",
               .summary = "chunks within chunks; the smallest are searched and merge into their parents",
               .params = {{.name = "sizes",
                           .default_value = Sizes{2048, 512, 128},
                           .help = "tokens in a chunk of each level, descending",
                           .min = 1},
                          {.name = "overlap",
                           .default_value = std::int64_t{20},
                           .help = "tokens repeated from the chunk before, on each level",
                           .min = 0},
                          {.name = "compat",
                           .default_value = std::string(),
                           .help =
                               "\"dream\": sizes in any order, and all levels are searched, as DREAM did"}}},
      .auto_merge = true,
      .check = check,
      .make = [](const Params& params,
                 std::shared_ptr<const text::Tokenizer> tokenizer) -> std::unique_ptr<Chunker> {
        const auto indexed =
            params.get<std::string>("compat") == "dream" ? Indexed::all_levels : Indexed::leaves;
        return std::make_unique<Hierarchical>(params.get<Sizes>("sizes"), params.get<std::int64_t>("overlap"),
                                              indexed, std::move(tokenizer));
      }};
}

}  // namespace dream::chunk
