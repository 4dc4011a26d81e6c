#include "parts/gold.hpp"

#include "parts/columns.hpp"

namespace dream::parts {

void save(state::H5Writer& file, const std::vector<QuestionGold>& gold) {
  std::vector<Digest> documents;
  std::vector<std::int64_t> rows;
  for (const auto& [question, span] : gold) {
    documents.push_back(span.document);
    rows.insert(rows.end(), {question, span.span.begin, span.span.end, span.whole_document ? 1 : 0});
  }
  write_digests(file, "document", documents);
  file.write_matrix("gold", MatrixView<const std::int64_t>{rows.data(), std::ssize(gold), 4});
}

std::vector<QuestionGold> load_gold(const state::H5Reader& file) {
  const auto documents = read_digests(file, "document");
  const auto rows = file.read_matrix<std::int64_t>("gold").values;
  std::vector<QuestionGold> gold(documents.size());
  for (std::size_t i = 0; i < gold.size(); ++i) {
    const auto* row = rows.data() + 4 * i;
    gold[i] = {row[0], {documents[i], {row[1], row[2]}, row[3] != 0}};
  }
  return gold;
}

}  // namespace dream::parts
