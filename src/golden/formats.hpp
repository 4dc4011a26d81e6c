#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "golden/csv.hpp"
#include "golden/golden.hpp"
#include "golden/rows.hpp"

/// The formats of golden files; load() and parse() choose among them. `bytes`: UTF-8 without a byte order
/// mark. Errors are those of load().
namespace dream::golden {

[[nodiscard]] std::vector<GoldenQuestion> read_csv(std::string_view bytes, const std::string& file);

/// The same of some rows of a file, ids not yet unique. rows_before: between the header and these. Throws
/// GoldenError for a header without our columns.
[[nodiscard]] RowsRead read_csv_rows(const CsvRow& header, std::span<const CsvRow> rows,
                                     std::int64_t rows_before, const std::string& file);

/// An object in each line, with the fields of CSV's columns; lists are JSON lists or what a cell may hold.
/// Empty lines are left out.
[[nodiscard]] std::vector<GoldenQuestion> read_json_lines(std::string_view bytes, const std::string& file);

/// SQuAD 1.1 and 2.0. The paragraph is the golden context, the first answer the reference, further ones
/// alternatives. A question with is_impossible is unanswerable: it has neither reference nor gold.
[[nodiscard]] std::vector<GoldenQuestion> read_squad(std::string_view bytes, const std::string& file);

/// Whether the bytes are one JSON object with `data`.
[[nodiscard]] bool is_squad(std::string_view bytes);

/// BEIR: a folder with queries.jsonl and qrels/*.tsv (test.tsv, or the only one), or one of these qrels.
/// Documents with a grade above 0 are sources with their grades; queries without any are left out, and there
/// are no references.
[[nodiscard]] std::vector<GoldenQuestion> read_beir(const std::filesystem::path& path);

/// Whether `path` is such a folder, or a .tsv in its folder qrels.
[[nodiscard]] bool is_beir(const std::filesystem::path& path);

}  // namespace dream::golden
