#include "parts/retrieved.hpp"

#include "parts/chunk_ids.hpp"
#include "parts/columns.hpp"

namespace dream::parts {
namespace {

void write_hits(state::H5Writer& file, std::span<const RetrievedChunk> hits) {
  std::vector<ChunkId> ids;
  std::vector<float> scores;
  std::vector<std::uint8_t> origins;
  for (const auto& hit : hits) {
    ids.push_back(hit.chunk);
    scores.push_back(hit.score);
    origins.push_back(static_cast<std::uint8_t>(hit.origin));
  }
  write_chunk_ids(file, "chunk", ids);
  file.write("score", std::span<const float>(scores));
  file.write("origin", std::span<const std::uint8_t>(origins));
}

std::vector<RetrievedChunk> read_hits(const state::H5Reader& file) {
  const auto ids = read_chunk_ids(file, "chunk");
  const auto scores = file.read<float>("score");
  const auto origins = file.read<std::uint8_t>("origin");
  std::vector<RetrievedChunk> hits(ids.size());
  for (std::size_t i = 0; i < hits.size(); ++i)
    hits[i] = {ids[i], scores[i], static_cast<Origin>(origins[i])};
  return hits;
}

}  // namespace

void save(state::H5Writer& file, const Retrieved& retrieved) {
  file.write("offsets", std::span<const std::int64_t>(retrieved.offsets));
  write_hits(file, retrieved.chunks);
}

Retrieved load_retrieved(const state::H5Reader& file) {
  return {file.read<std::int64_t>("offsets"), read_hits(file)};
}

void save(state::H5Writer& file, const SliceContexts& slice) {
  std::vector<std::int64_t> offsets{0};
  std::vector<RetrievedChunk> hits;
  std::vector<std::string> texts;
  std::vector<std::int32_t> pages;
  Ragged<std::int64_t> bounds;
  for (const auto& question : slice) {
    for (const auto& context : question) {
      hits.push_back(context.retrieved);
      texts.push_back(context.text);
      pages.insert(pages.end(), {context.first_page, context.last_page});
      std::vector<std::int64_t> row;
      for (const auto& span : context.spans) row.insert(row.end(), {span.begin, span.end});
      bounds.add(row);
    }
    offsets.push_back(std::ssize(hits));
  }
  file.write("offsets", std::span<const std::int64_t>(offsets));
  write_hits(file, hits);
  file.write_strings("text", texts);
  bounds.write(file, "spans");
  file.write_matrix("pages", MatrixView<const std::int32_t>{pages.data(), std::ssize(hits), 2});
}

SliceContexts load_contexts(const state::H5Reader& file) {
  const auto offsets = file.read<std::int64_t>("offsets");
  const auto hits = read_hits(file);
  auto texts = file.read_strings("text");
  const auto bounds = Ragged<std::int64_t>::read(file, "spans");
  const auto pages = file.read_matrix<std::int32_t>("pages").values;
  SliceContexts slice(offsets.size() - 1);
  for (std::size_t q = 0; q < slice.size(); ++q) {
    for (auto i = static_cast<std::size_t>(offsets[q]); i < static_cast<std::size_t>(offsets[q + 1]); ++i) {
      Context context{hits[i], std::move(texts[i]), {}, pages[2 * i], pages[2 * i + 1]};
      const auto row = bounds.row(i);
      for (std::size_t j = 0; j + 1 < row.size(); j += 2) context.spans.push_back({row[j], row[j + 1]});
      slice[q].push_back(std::move(context));
    }
  }
  return slice;
}

}  // namespace dream::parts
