#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dream::golden {

/// A record of a CSV file. line: where it begins, 1-based; a quoted cell may hold further lines.
struct CsvRow {
  std::vector<std::string> cells;
  std::int64_t line = 1;
};

/// RFC 4180 with what real files add to it: a byte order mark, LF, CRLF or CR, a last line without an end,
/// empty lines (left out), quotes inside a cell that is not quoted (kept). The separator is the comma, or the
/// semicolon or tab when the first line has no comma. Throws CorpusError naming `file` and the line: a quote
/// that is never closed, text behind a closing quote, bytes that are not UTF-8, UTF-16.
[[nodiscard]] std::vector<CsvRow> parse_csv(std::string_view bytes, const std::string& file);

/// The same for whole rows out of the middle of a file, the first of which begins in `line`.
[[nodiscard]] std::vector<CsvRow> parse_csv_rows(std::string_view bytes, const std::string& file,
                                                 char separator, std::int64_t line);

/// The first row that is not empty, and where the others begin.
struct CsvHead {
  CsvRow row;
  char separator = ',';
  std::int64_t end = 0;   ///< bytes up to the next row, byte order mark included
  std::int64_t line = 1;  ///< in which it begins
};
/// `bytes`: the beginning of the file. Nothing when no row begins behind the first one in these bytes: more
/// of them are needed, or there are no others. Throws as parse_csv() does.
[[nodiscard]] std::optional<CsvHead> csv_head(std::string_view bytes, const std::string& file);

/// A record of RFC 4180 with its line end (LF), which parse_csv() reads back: cells that need quotes have
/// them.
[[nodiscard]] std::string csv_record(std::span<const std::string> cells);

}  // namespace dream::golden
