#include "report/csv.hpp"

#include <fmt/format.h>

#include "base/access.hpp"
#include "base/errors.hpp"

namespace dream::report {
namespace {

std::filesystem::path beside(const std::filesystem::path& path) {
  auto name = path;
  return name += ".tmp";
}

bool starts_formula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

}  // namespace

CsvWriter::CsvWriter(std::filesystem::path path)
    : path_(std::move(path)), stream_(beside(path_), std::ios::binary) {
  if (!stream_)
    throw StateError(path_.string(), "", "cannot write here; check that sweep.output exists and is writable");
}

CsvWriter& CsvWriter::cell(std::string_view text) {
  separate();
  std::string clean = starts_formula(text) ? "'" : "";
  bool quote = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"') clean += '"';
    clean += (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f ? ' ' : c;
    quote = quote || c == '"' || c == ',' || c == '\n' || c == '\t';
  }
  if (quote)
    stream_ << '"' << clean << '"';
  else
    stream_ << clean;
  return *this;
}

CsvWriter& CsvWriter::cell(std::int64_t number) {
  separate();
  stream_ << number;
  return *this;
}

CsvWriter& CsvWriter::cell(double number) {
  separate();
  stream_ << fmt::format("{}", number);
  return *this;
}

CsvWriter& CsvWriter::empty() {
  separate();
  return *this;
}

void CsvWriter::end_row() {
  stream_ << '\n';
  first_ = true;
}

void CsvWriter::close() {
  stream_.close();
  if (!stream_) throw StateError(path_.string(), "", "cannot write the whole table; is the disk full?");
  std::error_code error;
  std::filesystem::rename(beside(path_), path_, error);
  if (error)
    throw StateError(path_.string(), "",
                     "cannot rename the finished table to it: " + why(path_, error.value()));
}

void CsvWriter::separate() {
  if (!first_) stream_ << ',';
  first_ = false;
}

}  // namespace dream::report
