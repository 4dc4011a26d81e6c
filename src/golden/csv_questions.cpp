#include <fmt/format.h>

#include "golden/columns.hpp"
#include "golden/csv.hpp"
#include "golden/formats.hpp"
#include "golden/list_cell.hpp"
#include "golden/rows.hpp"

namespace dream::golden {
namespace {

/// Where the columns that we use stand; -1: absent.
struct Columns {
  int question = -1;
  int reference = -1;
  int id = -1;
  int contexts = -1;
  int sources = -1;
  int unanswerable = -1;
  int kind = -1;
};

class Reader {
 public:
  Reader(const CsvRow& header, const std::string& file, std::int64_t rows_before = 0)
      : header_(header), rows_(file, rows_before) {
    for (const auto& cell : header.cells) names_.push_back(plain_name(cell));
    const auto& all = fields();
    columns_ = {required(all.question, file), required(all.reference, file), all.id.find(names_),
                all.contexts.find(names_),    all.sources.find(names_),      all.unanswerable.find(names_),
                all.kind.find(names_)};
  }

  void add(const CsvRow& row) {
    row_ = &row;
    rows_.begin(row.line);
    if (row.cells.size() != header_.cells.size()) {
      rows_.note("", fmt::format("{} cells where the header has {}; quote cells that hold a separator",
                                 row.cells.size(), header_.cells.size()));
      return;
    }
    GoldenQuestion question;
    question.id = cell(columns_.id);
    question.question = cell(columns_.question);
    question.contexts = list(columns_.contexts);
    question.sources = list(columns_.sources);
    question.unanswerable = is_unanswerable();
    read_references(question);
    rows_.add(std::move(question), {name(columns_.question), name(columns_.reference)});
  }

  std::vector<GoldenQuestion> finish() { return rows_.finish(); }
  RowsRead take() { return rows_.take(); }

 private:
  [[nodiscard]] int required(const Field& field, const std::string& file) const {
    const int found = field.find(names_);
    if (found >= 0) return found;
    throw GoldenError(file, {{0, 1, std::string(field.role), field.missing("column", header_.cells)}});
  }

  [[nodiscard]] std::string name(int column) const {
    return column < 0 ? "" : header_.cells[static_cast<std::size_t>(column)];
  }

  [[nodiscard]] std::string cell(int column) const {
    return column < 0 ? "" : row_->cells[static_cast<std::size_t>(column)];
  }

  std::vector<std::string> list(int column) {
    const auto text = cell(column);
    auto texts = parse_list_cell(text);
    if (!texts)
      rows_.note(name(column),
                 "begins like a list of texts and is none: \"" + text.substr(0, 40) + "\"; write it as JSON");
    return texts ? std::move(*texts) : std::vector<std::string>{};
  }

  void read_references(GoldenQuestion& question) {
    const bool several = names_[static_cast<std::size_t>(columns_.reference)] == list_of_references;
    set_references(question, several ? list(columns_.reference) : std::vector{cell(columns_.reference)});
  }

  [[nodiscard]] bool is_unanswerable() const {
    const auto flag = plain_name(cell(columns_.unanswerable));
    return flag == "true" || flag == "1" || flag == "yes" ||
           plain_name(cell(columns_.kind)) == "unanswerable";
  }

  const CsvRow& header_;
  std::vector<std::string> names_;
  Columns columns_;
  const CsvRow* row_ = nullptr;
  Rows rows_;
};

}  // namespace

std::vector<GoldenQuestion> read_csv(std::string_view bytes, const std::string& file) {
  const auto rows = parse_csv(bytes, file);
  if (rows.empty()) throw CorpusError(file, 0, "is empty; it needs a header with question and reference");
  Reader reader(rows[0], file);
  for (std::size_t i = 1; i < rows.size(); ++i) reader.add(rows[i]);
  return reader.finish();
}

RowsRead read_csv_rows(const CsvRow& header, std::span<const CsvRow> rows, std::int64_t rows_before,
                       const std::string& file) {
  Reader reader(header, file, rows_before);
  for (const auto& row : rows) reader.add(row);
  return reader.take();
}

}  // namespace dream::golden
