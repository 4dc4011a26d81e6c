#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "golden/encoding.hpp"
#include "golden/formats.hpp"
#include "golden/lines.hpp"
#include "golden/rows.hpp"

namespace dream::golden {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

struct Judgement {
  std::string document;
  std::int64_t grade = 0;
};
using Judgements = std::map<std::string, std::vector<Judgement>>;  ///< by query

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto tab = line.find('\t');
    out.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return out;
    line.remove_prefix(tab + 1);
  }
}

/// query, document, grade; or trec's query, iteration, document, grade.
Judgements read_qrels(std::string_view bytes, const std::string& file) {
  Judgements out;
  std::vector<Problem> problems;
  std::int64_t row = 0;
  each_line(bytes, [&](std::string_view line, std::int64_t number) {
    const auto cells = cells_of(line);
    if (number == 1 && cells.front() == "query-id") return;
    ++row;
    std::int64_t grade = 0;
    const auto last = cells.back();
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), grade);
    if (cells.size() < 3 || cells.size() > 4 || error != std::errc() || end != last.data() + last.size()) {
      problems.push_back({row, number, "",
                          fmt::format("\"{}\" is no judgement; write query, document and a whole number with "
                                      "tabs between them",
                                      line.substr(0, 60))});
      return;
    }
    if (grade > 0) out[std::string(cells.front())].push_back({std::string(cells[cells.size() - 2]), grade});
  });
  if (!problems.empty()) throw GoldenError(file, std::move(problems));
  return out;
}

/// The qrels that `path` means.
fs::path qrels_of(const fs::path& path) {
  if (!fs::is_directory(path)) return path;
  const auto test = path / "qrels" / "test.tsv";
  if (fs::exists(test)) return test;
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path / "qrels", error)) {
    if (entry.path().extension() == ".tsv") found.push_back(entry.path().string());
  }
  if (found.size() == 1) return found.front();
  std::ranges::sort(found);
  throw CorpusError(path.string(), 0,
                    found.empty()
                        ? "has no qrels/test.tsv; BEIR keeps its judgements there"
                        : fmt::format("has several judgements and no qrels/test.tsv; name one of {}",
                                      fmt::join(found, ", ")));
}

fs::path folder_of(const fs::path& path) {
  return fs::is_directory(path) ? path : path.parent_path().parent_path();
}

std::string text_of(const json& object, const char* field) {
  const auto value = object.is_object() ? object.value(field, json()) : json();
  return value.is_string() ? value.get<std::string>() : value.is_number_integer() ? value.dump() : "";
}

}  // namespace

bool is_beir(const fs::path& path) {
  if (fs::is_directory(path)) return true;
  return path.extension() == ".tsv" && path.parent_path().filename() == "qrels" &&
         fs::exists(folder_of(path) / "queries.jsonl");
}

std::vector<GoldenQuestion> read_beir(const fs::path& path) {
  const auto qrels = qrels_of(path);
  const auto queries = folder_of(path) / "queries.jsonl";
  const auto judged_bytes = read_file(qrels);
  const auto judged = read_qrels(plain_utf8(judged_bytes, qrels.string()), qrels.string());
  const auto bytes = read_file(queries);
  Rows rows(queries.string());
  each_line(plain_utf8(bytes, queries.string()), [&](std::string_view line, std::int64_t number) {
    const auto object = json::parse(line, nullptr, false);
    GoldenQuestion question;
    question.id = text_of(object, "_id");
    const auto judgements = judged.find(question.id);
    if (!question.id.empty() && judgements == judged.end()) return;  // of another split
    rows.begin(number);
    question.question = text_of(object, "text");
    if (question.id.empty())
      return rows.note("_id", "is missing; a query of BEIR is {\"_id\": \"...\", \"text\": \"...\"}");
    for (const auto& [document, grade] : judgements->second) {
      question.sources.push_back(document);
      question.grades.push_back(grade);
    }
    rows.add(std::move(question), {"text", ""}, false);
  });
  return rows.finish();
}

}  // namespace dream::golden
