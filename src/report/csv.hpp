#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace dream::report {

/// Writes CSV (RFC 4180, LF) row by row beside its file and renames it at close(), so that a reader never
/// sees half a table. A cell that a spreadsheet would run as a formula gets a leading apostrophe; control
/// characters but newline and tab become spaces.
class CsvWriter {
 public:
  explicit CsvWriter(std::filesystem::path path);

  CsvWriter& cell(std::string_view text);
  CsvWriter& cell(std::int64_t number);
  /// Shortest text that reads back as the same number.
  CsvWriter& cell(double number);
  CsvWriter& empty();
  void end_row();
  /// Throws StateError when a byte could not be written.
  void close();

 private:
  void separate();
  std::filesystem::path path_;
  std::ofstream stream_;
  bool first_ = true;
};

}  // namespace dream::report
