#include <algorithm>

#include "stages/chunk/methods.hpp"
#include "stages/chunk/punkt.hpp"

namespace dream::chunk {
namespace {

class SentenceWindow : public Chunker {
 public:
  explicit SentenceWindow(std::int64_t window) : window_(window) {}

  std::vector<Chunk> chunk(const Document& document) const override {
    const auto spans = sentences(document.text);
    const auto count = static_cast<std::int64_t>(spans.size());
    std::vector<Chunk> chunks;
    chunks.reserve(spans.size());
    for (std::int64_t i = 0; i < count; ++i) {
      const auto first = spans.begin() + std::max<std::int64_t>(0, i - window_);
      const auto last = spans.begin() + std::min(count, i + window_ + 1);
      chunks.push_back(
          make_chunk(document, {{spans[static_cast<std::size_t>(i)]}, ""}, {{first, last}, " "}));
    }
    link_neighbours(chunks);
    return chunks;
  }

 private:
  std::int64_t window_;
};

}  // namespace

ChunkerRow sentence_window_row() {
  return {
      .info = {.name = "sentence_window",
               .summary = "one sentence is embedded; the model reads it with its neighbours",
               .params = {{.name = "window",
                           .default_value = std::int64_t{3},
                           .help = "sentences on each side of the embedded one",
                           .min = 0,
                           .max = 1000}}},
      .check = [](const Params&) { return std::string(); },
      .make = [](const Params& params, std::shared_ptr<const text::Tokenizer>) -> std::unique_ptr<Chunker> {
        return std::make_unique<SentenceWindow>(params.get<std::int64_t>("window"));
      }};
}

}  // namespace dream::chunk
