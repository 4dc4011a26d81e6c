#include "parts/gold.hpp"

#include "parts/columns.hpp"

namespace dream::parts {

void save(state::H5Writer& file, const GoldPart& part) {
  std::vector<Digest> found_in, documents;
  std::vector<std::int64_t> rows, sizes;
  for (const auto& hit : part.hits) {
    found_in.push_back(hit.document);
    rows.insert(rows.end(), {hit.passage, hit.span.begin, hit.span.end});
  }
  for (const auto& [document, size] : part.sizes) {
    documents.push_back(document);
    sizes.push_back(size);
  }
  write_digests(file, "hit/document", found_in);
  file.write_matrix("hit/passage_begin_end",
                    MatrixView<const std::int64_t>{rows.data(), std::ssize(part.hits), 3});
  write_digests(file, "document", documents);
  file.write("bytes", std::span<const std::int64_t>(sizes));
}

GoldPart load_gold(const state::H5Reader& file) {
  GoldPart part;
  const auto found_in = read_digests(file, "hit/document");
  const auto rows = file.read_matrix<std::int64_t>("hit/passage_begin_end");
  for (std::size_t i = 0; i < found_in.size(); ++i) {
    const auto row = rows.row(static_cast<std::int64_t>(i));
    part.hits.push_back({static_cast<std::int32_t>(row[0]), found_in[i], {row[1], row[2]}});
  }
  const auto documents = read_digests(file, "document");
  const auto sizes = file.read<std::int64_t>("bytes");
  for (std::size_t i = 0; i < documents.size(); ++i) part.sizes.emplace_back(documents[i], sizes[i]);
  return part;
}

}  // namespace dream::parts
