#include "tracking/tables.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::tracking {
namespace {

using json = nlohmann::ordered_json;

/// Columns of a trial's parameters: its run has them already.
constexpr std::string_view of_the_trial[] = {"trial",    "method", "parameters", "embedder",
                                             "reranker", "top_k",  "llm",        "judge"};

/// Finds the ends of a CSV's rows in blocks of bytes: a line break within quotes is none.
class Rows {
 public:
  template <class Visit>
  void read(std::string_view block, Visit&& visit) {
    for (const char c : block) {
      row_ += c;
      ++at_;
      if (c == '"') quoted_ = !quoted_;
      if (c != '\n' || quoted_) continue;
      visit(std::string_view(row_).substr(0, row_.size() - 1), begin_, at_);
      row_.clear();
      begin_ = at_;
    }
  }

 private:
  std::string row_;
  std::int64_t begin_ = 0;
  std::int64_t at_ = 0;
  bool quoted_ = false;
};

std::vector<std::string> cells_of(std::string_view row) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '"' && quoted && i + 1 < row.size() && row[i + 1] == '"') {
      cells.back() += row[++i];
    } else if (row[i] == '"') {
      quoted = !quoted;
    } else if (row[i] == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += row[i];
    }
  }
  return cells;
}

std::int64_t first_number(std::string_view row) {
  std::int64_t number = -1;
  std::from_chars(row.data(), row.data() + row.size(), number);
  return number;
}

/// A metric has a column of reasons beside it.
bool is_metric(const std::vector<std::string>& header, const std::string& name) {
  return name != "answer" && std::ranges::find(header, name + "_reason") != header.end();
}

json number(const std::string& cell) {
  double value = 0;
  const auto read = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (cell.empty() || read.ec != std::errc()) return nullptr;
  return value;
}

}  // namespace

Tables::Tables(std::filesystem::path questions_csv) : file_(std::move(questions_csv)) {
  Rows rows;
  const auto visit = [&](std::string_view row, std::int64_t begin, std::int64_t end) {
    if (header_.empty()) {
      header_ = row;
      return;
    }
    const auto [at, is_new] = trials_.try_emplace(first_number(row), Range{begin, end});
    if (!is_new) at->second.end = end;
  };
  read_blocks(file_, [&](std::string_view block) { rows.read(block, visit); });
}

std::string Tables::json_of(std::int64_t trial) const {
  const auto header = cells_of(header_);
  std::vector<std::size_t> kept;
  json columns = json::array();
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (std::ranges::find(of_the_trial, header[i]) != std::ranges::end(of_the_trial)) continue;
    kept.push_back(i);
    columns.push_back(header[i]);
  }
  json data = json::array();
  const auto found = trials_.find(trial);
  if (found == trials_.end())
    throw CorpusError(file_.string(), 0, "holds no rows of trial " + std::to_string(trial));
  std::string text(static_cast<std::size_t>(found->second.end - found->second.begin), '\0');
  std::ifstream stream(file_, std::ios::binary);
  stream.seekg(found->second.begin);
  if (!stream.read(text.data(), std::ssize(text)))
    throw CorpusError(file_.string(), 0, "became shorter while it was read");
  Rows().read(text, [&](std::string_view row, std::int64_t, std::int64_t) {
    const auto cells = cells_of(row);
    json line = json::array();
    for (const auto i : kept) {
      const auto cell = i < cells.size() ? cells[i] : "";
      line.push_back(is_metric(header, header[i]) ? number(cell) : json(cell));
    }
    data.push_back(std::move(line));
  });
  return json{{"columns", std::move(columns)}, {"data", std::move(data)}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

}  // namespace dream::tracking
