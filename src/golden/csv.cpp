#include "golden/csv.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.hpp"
#include "golden/csv_scan.hpp"
#include "golden/encoding.hpp"

namespace dream::golden {
namespace {

char separator_of(std::string_view bytes) {
  bytes.remove_prefix(
      std::min(bytes.find_first_not_of("\r\n"), bytes.size()));  // empty rows before the header
  const auto first = bytes.substr(0, bytes.find_first_of("\r\n"));
  if (first.find(',') != std::string_view::npos) return ',';
  if (first.find(';') != std::string_view::npos) return ';';
  return first.find('\t') != std::string_view::npos ? '\t' : ',';
}

class Parser {
 public:
  Parser(std::string_view bytes, const std::string& file, char separator, std::int64_t line)
      : bytes_(bytes), file_(file), separator_(separator), line_(line) {}

  std::vector<CsvRow> parse() {
    std::vector<CsvRow> rows;
    while (at_ < bytes_.size()) {
      auto row = read_row();
      const bool blank = row.cells.size() == 1 && row.cells[0].empty();
      if (!blank) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  CsvRow read_row() {
    CsvRow row{{}, line_};
    for (;;) {
      row.cells.push_back(bytes_.substr(at_, 1) == "\"" ? read_quoted(row) : read_plain());
      if (at_ >= bytes_.size()) return row;
      const char end = bytes_[at_++];
      if (end == separator_) continue;  // a last separator means one more, empty cell
      if (end == '\r' && at_ < bytes_.size() && bytes_[at_] == '\n') ++at_;
      ++line_;
      return row;
    }
  }

  [[nodiscard]] bool ends_cell(char c) const { return c == separator_ || c == '\n' || c == '\r'; }

  std::string read_plain() {
    const auto begin = at_;
    while (at_ < bytes_.size() && !ends_cell(bytes_[at_])) ++at_;
    return std::string(bytes_.substr(begin, at_ - begin));
  }

  std::string read_quoted(const CsvRow& row) {
    const auto opened = line_;
    std::string cell;
    for (++at_; at_ < bytes_.size(); ++at_) {
      const char c = bytes_[at_];
      if (c == '\n' || (c == '\r' && bytes_.substr(at_ + 1, 1) != "\n")) ++line_;
      if (c != '"') {
        cell += c;
      } else if (bytes_.substr(at_ + 1, 1) == "\"") {
        cell += c;
        ++at_;
      } else {
        ++at_;
        if (at_ < bytes_.size() && !ends_cell(bytes_[at_])) {
          fail(line_, row,
               fmt::format("'{}' behind a closing quote; write a quote inside a cell as \"\"", bytes_[at_]));
        }
        return cell;
      }
    }
    fail(opened, row, "the quote that opens here is never closed");
  }

  [[noreturn]] void fail(std::int64_t line, const CsvRow& row, const std::string& what) const {
    throw CorpusError(file_, 0, fmt::format("line {}, column {}: {}", line, row.cells.size() + 1, what));
  }

  std::string_view bytes_;
  const std::string& file_;
  char separator_;
  std::size_t at_ = 0;
  std::int64_t line_;
};

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view bytes, const std::string& file) {
  const auto text = plain_utf8(bytes, file);
  return Parser(text, file, separator_of(text), 1).parse();
}

std::vector<CsvRow> parse_csv_rows(std::string_view bytes, const std::string& file, char separator,
                                   std::int64_t line) {
  check_utf8(bytes, file, line);
  return Parser(bytes, file, separator, line).parse();
}

std::optional<CsvHead> csv_head(std::string_view bytes, const std::string& file) {
  const auto text = without_mark(bytes, file);
  CsvHead head;
  head.separator = separator_of(text);
  bool found = false;
  each_row_start(text, {}, head.separator, [&](std::size_t at, std::int64_t line) {
    auto rows = parse_csv_rows(text.substr(0, at), file, head.separator, 1);
    if (rows.empty()) return true;  // only empty rows so far
    found = true;
    head.row = std::move(rows.front());
    head.end = static_cast<std::int64_t>(at + (bytes.size() - text.size()));
    head.line = line;
    return false;
  });
  return found ? std::optional(std::move(head)) : std::nullopt;
}

std::string csv_record(std::span<const std::string> cells) {
  std::string record;
  for (const auto& cell : cells) {
    if (&cell != cells.data()) record += ',';
    if (cell.find_first_of("\",;\t\r\n") == std::string::npos) {
      record += cell;
      continue;
    }
    record += '"';
    for (const char c : cell) record += c == '"' ? std::string("\"\"") : std::string(1, c);
    record += '"';
  }
  return record + "\n";
}

}  // namespace dream::golden
