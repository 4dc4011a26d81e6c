#include <algorithm>

#include "stages/chunk/characters.hpp"
#include "stages/chunk/methods.hpp"
#include "stages/chunk/sentence_splitter.hpp"

namespace dream::chunk {
namespace {

/// The runs of lines between blank lines, without white space at their ends.
std::vector<Span> paragraphs(std::string_view text) {
  std::vector<Span> out;
  std::size_t begin = 0;  // of the open paragraph
  const auto close = [&](std::size_t end) {
    const auto span = trimmed(text, {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)});
    if (span.size() > 0) out.push_back(span);
  };
  for (std::size_t line = 0; line < text.size();) {
    const auto line_end = std::min(text.find('\n', line), text.size());
    const Span content =
        trimmed(text, {static_cast<std::int64_t>(line), static_cast<std::int64_t>(line_end)});
    if (content.size() == 0) {
      close(line);
      begin = line_end;
    }
    line = line_end + 1;
  }
  close(text.size());
  return out;
}

class Paragraph : public Chunker {
 public:
  Paragraph(std::int64_t max_size, std::shared_ptr<const text::Tokenizer> tokenizer)
      : max_size_(max_size), tokenizer_(std::move(tokenizer)) {}

  std::vector<Chunk> chunk(const Document& document) const override {
    auto spans = paragraphs(document.text);
    if (max_size_ > 0) spans = cut_long_ones(document.text, spans);
    return make_row_of_chunks(document, spans);
  }

 private:
  std::vector<Span> cut_long_ones(std::string_view text, const std::vector<Span>& spans) const {
    TokenCounts counts(text, *tokenizer_);
    std::vector<Span> out;
    for (const auto& span : spans) {
      const auto pieces = split_by_sentences(counts, span, {max_size_, 0});
      out.insert(out.end(), pieces.begin(), pieces.end());
    }
    return out;
  }

  std::int64_t max_size_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

}  // namespace

ChunkerRow paragraph_row() {
  return {.info = {.name = "paragraph",
                   .summary = "the text between blank lines",
                   .params = {{.name = "max_size",
                               .default_value = std::int64_t{0},
                               .help = "tokens above which a paragraph is cut into whole sentences; 0: never",
                               .min = 0}}},
          .check = [](const Params&) { return std::string(); },
          .make = [](const Params& params,
                     std::shared_ptr<const text::Tokenizer> tokenizer) -> std::unique_ptr<Chunker> {
            return std::make_unique<Paragraph>(params.get<std::int64_t>("max_size"), std::move(tokenizer));
          }};
}

}  // namespace dream::chunk
