#include "golden/golden.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/file.hpp"
#include "base/near_names.hpp"
#include "golden/csv.hpp"
#include "golden/list_cell.hpp"

namespace dream::golden {
namespace {

constexpr std::size_t problems_in_message = 20;

std::string message_of(const std::vector<Problem>& problems) {
  std::string text = problems.size() == 1 ? "" : fmt::format("{} problems", problems.size());
  for (std::size_t i = 0; i < std::min(problems.size(), problems_in_message); ++i) {
    text += (text.empty() ? "" : "\n  ") + problems[i].text();
  }
  if (problems.size() > problems_in_message) text += "\n  ...";
  return text;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

/// "Source Docs" and "source_docs" are one name.
std::string plain_name(std::string_view header) {
  auto name = trimmed(header);
  for (auto& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ' || c == '-') c = '_';
  }
  return name;
}

/// Where the columns that we use stand; -1: absent.
struct Columns {
  int question = -1;
  int reference = -1;
  int id = -1;
  int contexts = -1;
  int sources = -1;
};

class Header {
 public:
  Header(const std::vector<std::string>& cells, const std::string& file) : cells_(cells), file_(file) {
    for (const auto& cell : cells) names_.push_back(plain_name(cell));
  }

  [[nodiscard]] Columns columns() const {
    Columns c;
    c.question = required("question", {"question", "user_input"});
    c.reference = required("reference", {"reference", "ground_truth", "ground_truths", "answer"});
    c.id = find({"id"});
    c.contexts = find({"contexts", "reference_contexts", "context"});
    c.sources = find({"sources", "source", "source_docs"});
    return c;
  }

 private:
  [[nodiscard]] int find(std::initializer_list<std::string_view> wanted) const {
    for (const auto name : wanted) {
      const auto found = std::find(names_.begin(), names_.end(), name);
      if (found != names_.end()) return static_cast<int>(found - names_.begin());
    }
    return -1;
  }

  [[nodiscard]] int required(const std::string& role, std::initializer_list<std::string_view> wanted) const {
    const int found = find(wanted);
    if (found >= 0) return found;
    std::vector<std::string> named;
    std::copy_if(cells_.begin(), cells_.end(), std::back_inserter(named),
                 [](const auto& c) { return !c.empty(); });
    Problem problem;
    problem.line = 1;
    problem.column = role;
    problem.what = fmt::format("no such column, nor {}; the columns are: {}",
                               fmt::join(wanted.begin() + 1, wanted.end(), ", "), fmt::join(named, ", "));
    const auto near = suggest(role, named);
    if (near.find("did you mean") != std::string::npos) problem.what += near;
    throw GoldenError(file_, {problem});
  }

  const std::vector<std::string>& cells_;
  const std::string& file_;
  std::vector<std::string> names_;
};

/// Turns rows into questions and collects what is wrong.
class Reader {
 public:
  Reader(const CsvRow& header, const std::string& file)
      : header_(header), columns_(Header(header.cells, file).columns()) {}

  void add(const CsvRow& row, std::int64_t number) {
    row_ = &row;
    number_ = number;
    if (row.cells.size() != header_.cells.size()) {
      note(-1, fmt::format("{} cells where the header has {}; quote cells that hold a separator",
                           row.cells.size(), header_.cells.size()));
      return;
    }
    GoldenQuestion question;
    question.question = needed(columns_.question, "question");
    question.reference = needed(columns_.reference, "reference answer");
    question.contexts = list(columns_.contexts);
    question.sources = list(columns_.sources);
    question.id = columns_.id >= 0 ? trimmed(row.cells[static_cast<std::size_t>(columns_.id)]) : "";
    if (question.id.empty()) question.id = "q" + std::to_string(number);
    question.id = unique(std::move(question.id));
    questions_.push_back(std::move(question));
  }

  std::vector<GoldenQuestion> finish(const std::string& file) {
    if (!problems_.empty()) throw GoldenError(file, std::move(problems_));
    if (questions_.empty())
      throw CorpusError(file, 0, "has a header but no questions; add a row for each question");
    return std::move(questions_);
  }

 private:
  void note(int column, std::string what) {
    problems_.push_back({number_, row_->line,
                         column < 0 ? "" : header_.cells[static_cast<std::size_t>(column)], std::move(what)});
  }

  std::string needed(int column, const char* thing) {
    auto text = trimmed(row_->cells[static_cast<std::size_t>(column)]);
    if (text.empty()) note(column, fmt::format("empty; write the {} or delete the row", thing));
    return text;
  }

  std::vector<std::string> list(int column) {
    if (column < 0) return {};
    const auto& cell = row_->cells[static_cast<std::size_t>(column)];
    auto texts = parse_list_cell(cell);
    if (!texts)
      note(column,
           "begins like a list of texts and is none: \"" + cell.substr(0, 40) + "\"; write it as JSON");
    return texts ? std::move(*texts) : std::vector<std::string>{};
  }

  std::string unique(std::string id) {
    const auto first = id;
    for (int copy = 2; !ids_.insert(id).second; ++copy) id = first + "#" + std::to_string(copy);
    return id;
  }

  const CsvRow& header_;
  Columns columns_;
  const CsvRow* row_ = nullptr;
  std::int64_t number_ = 0;
  std::unordered_set<std::string> ids_;
  std::vector<Problem> problems_;
  std::vector<GoldenQuestion> questions_;
};

std::string_view last_part(std::string_view path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_pattern(std::string_view source) { return source.find_first_of("*?") != std::string_view::npos; }

}  // namespace

std::string Problem::text() const {
  std::string place = row > 0 ? fmt::format("row {}", row) : "header";
  if (row > 0 && line > 0) place += fmt::format(" (line {})", line);
  if (!column.empty()) place += fmt::format(", column \"{}\"", column);
  return place + ": " + what;
}

GoldenError::GoldenError(const std::string& file, std::vector<Problem> all)
    : CorpusError(file, 0, message_of(all)), problems(std::move(all)) {}

std::vector<GoldenQuestion> load(const std::filesystem::path& file) {
  return parse(read_file(file), file.string());
}

std::vector<GoldenQuestion> parse(std::string_view bytes, const std::string& file) {
  const auto rows = parse_csv(bytes, file);
  if (rows.empty()) throw CorpusError(file, 0, "is empty; it needs a header with question and reference");
  Reader reader(rows[0], file);
  for (std::size_t i = 1; i < rows.size(); ++i) reader.add(rows[i], static_cast<std::int64_t>(i));
  return reader.finish(file);
}

bool source_matches(std::string_view source, std::string_view name) {
  if (source == name) return true;
  // A file may be called "what?.md": its own name has come first.
  if (is_pattern(source)) {
    const std::string pattern(source);
    return fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0 ||
           fnmatch(pattern.c_str(), std::string(last_part(name)).c_str(), 0) == 0;
  }
  return last_part(source) == last_part(name);
}

std::vector<Problem> validate(std::span<const GoldenQuestion> questions,
                              std::span<const std::string> known_sources) {
  std::vector<std::string> parts;
  for (const auto& name : known_sources) parts.emplace_back(last_part(name));
  const std::unordered_set<std::string> exact(known_sources.begin(), known_sources.end());
  std::unordered_map<std::string, bool> seen;  // a golden file names few sources many times
  std::vector<Problem> problems;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    for (const auto& source : questions[q].sources) {
      auto [entry, is_new] = seen.emplace(source, false);
      if (is_new) {
        entry->second = exact.contains(source) ||
                        std::any_of(known_sources.begin(), known_sources.end(),
                                    [&source](const auto& name) { return source_matches(source, name); });
      }
      if (entry->second) continue;
      std::string what = fmt::format("\"{}\" is no document of the corpus", source);
      // Every near name costs a pass over the corpus, and nobody reads hundreds of them.
      if (problems.size() < problems_in_message)
        what += suggest(last_part(source), std::span(parts).first(std::min<std::size_t>(parts.size(), 2000)));
      problems.push_back({static_cast<std::int64_t>(q) + 1, 0, "sources", std::move(what)});
    }
  }
  return problems;
}

Digest digest_of(std::span<const GoldenQuestion> questions) {
  Hasher hasher("golden");
  const auto add_list = [&hasher](const std::vector<std::string>& texts) {
    hasher.add(static_cast<std::int64_t>(texts.size()));
    for (const auto& text : texts) hasher.add(text);
  };
  hasher.add(static_cast<std::int64_t>(questions.size()));
  for (const auto& question : questions) {
    hasher.add(question.id).add(question.question).add(question.reference);
    add_list(question.contexts);
    add_list(question.sources);
  }
  return hasher.finish();
}

}  // namespace dream::golden
