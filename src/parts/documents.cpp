#include "parts/documents.hpp"

#include "parts/columns.hpp"

namespace dream::parts {

void save(state::H5Writer& file, const std::vector<ReadDocument>& documents) {
  std::vector<Digest> hashes;
  std::vector<std::string> texts, reasons, details;
  Ragged<std::int64_t> pages;
  for (const auto& [document, reason, detail] : documents) {
    hashes.push_back(document.hash);
    texts.push_back(document.text);
    reasons.push_back(reason);
    details.push_back(detail);
    pages.add(document.page_begin);
  }
  write_digests(file, "hash", hashes);
  file.write_strings("text", texts);
  file.write_strings("reason", reasons);
  file.write_strings("detail", details);
  pages.write(file, "page_begin");
}

std::vector<ReadDocument> load_documents(const state::H5Reader& file) {
  const auto hashes = read_digests(file, "hash");
  auto texts = file.read_strings("text");
  auto reasons = file.read_strings("reason");
  auto details = file.read_strings("detail");
  const auto pages = Ragged<std::int64_t>::read(file, "page_begin");
  std::vector<ReadDocument> documents(hashes.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    documents[i].document = {hashes[i], std::move(texts[i]), pages.row(i)};
    documents[i].reason = std::move(reasons[i]);
    documents[i].detail = std::move(details[i]);
  }
  return documents;
}

}  // namespace dream::parts
