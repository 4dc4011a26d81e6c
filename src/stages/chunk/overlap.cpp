#include "stages/chunk/methods.hpp"
#include "stages/chunk/sentence_splitter.hpp"

namespace dream::chunk {
namespace {

class Overlap : public Chunker {
 public:
  Overlap(SplitSizes sizes, std::shared_ptr<const text::Tokenizer> tokenizer)
      : sizes_(sizes), tokenizer_(std::move(tokenizer)) {}

  std::vector<Chunk> chunk(const Document& document) const override {
    TokenCounts counts(document.text, *tokenizer_);
    const Span whole{0, static_cast<std::int64_t>(document.text.size())};
    return make_row_of_chunks(document, split_by_sentences(counts, whole, sizes_));
  }

 private:
  SplitSizes sizes_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

}  // namespace

ChunkerRow overlap_row() {
  return {.info = {.name = "overlap",
                   .summary = "whole sentences up to a number of tokens; neighbours overlap",
                   .params = {{.name = "size",
                               .default_value = std::int64_t{512},
                               .help = "tokens in a chunk",
                               .min = 1},
                              {.name = "overlap",
                               .default_value = std::int64_t{64},
                               .help = "tokens repeated from the chunk before; less than size",
                               .min = 0}}},
          .check =
              [](const Params& params) {
                return check_overlap(params.get<std::int64_t>("overlap"), params.get<std::int64_t>("size"),
                                     "size");
              },
          .make = [](const Params& params,
                     std::shared_ptr<const text::Tokenizer> tokenizer) -> std::unique_ptr<Chunker> {
            const SplitSizes sizes{params.get<std::int64_t>("size"), params.get<std::int64_t>("overlap")};
            return std::make_unique<Overlap>(sizes, std::move(tokenizer));
          }};
}

}  // namespace dream::chunk
