#include "golden/golden.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/file.hpp"
#include "base/near_names.hpp"
#include "golden/document_names.hpp"
#include "golden/encoding.hpp"
#include "golden/formats.hpp"

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

}  // namespace

std::string Problem::text() const {
  std::string place = row > 0 ? fmt::format("row {}", row) : "header";
  if (row > 0 && line > 0) place += fmt::format(" (line {})", line);
  if (!column.empty()) place += fmt::format(", column \"{}\"", column);
  return place + ": " + what;
}

GoldenError::GoldenError(const std::string& file, std::vector<Problem> all)
    : CorpusError(file, 0, message_of(all)), problems(std::move(all)) {}

std::vector<GoldenQuestion> load(const std::filesystem::path& path) {
  return is_beir(path) ? read_beir(path) : parse(read_file(path), path.string());
}

std::vector<GoldenQuestion> parse(std::string_view bytes, const std::string& file) {
  const auto text = plain_utf8(bytes, file);
  if (is_csv(text)) return read_csv(text, file);
  return is_squad(text) ? read_squad(text, file) : read_json_lines(text, file);
}

bool is_csv(std::string_view head) {
  if (head.substr(0, 3) == "\xEF\xBB\xBF") head.remove_prefix(3);
  const auto first = head.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos || head[first] != '{';  // no header of CSV begins with a brace
}

std::vector<Problem> validate(std::span<const GoldenQuestion> questions,
                              std::span<const std::string> known_sources) {
  const DocumentIndex index({known_sources.begin(), known_sources.end()});
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min<std::size_t>(known_sources.size(), 2000); ++i)
    parts.emplace_back(last_part(known_sources[i]));
  std::unordered_map<std::string, bool> seen;  // a golden file names few sources many times
  std::vector<Problem> problems;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    for (const auto& source : questions[q].sources) {
      auto [entry, is_new] = seen.emplace(source, false);
      if (is_new) entry->second = !index.find(source).empty();
      if (entry->second) continue;
      std::string what = fmt::format("\"{}\" is no document of the corpus", source);
      // Every near name costs a pass over the corpus, and nobody reads hundreds of them.
      if (problems.size() < problems_in_message) what += suggest(last_part(source), parts);
      problems.push_back({static_cast<std::int64_t>(q) + 1, questions[q].line, "sources", std::move(what)});
    }
  }
  return problems;
}

std::vector<Problem> duplicates(std::span<const GoldenQuestion> questions, std::span<const Digest> contents) {
  std::vector<Problem> problems;
  std::unordered_map<Digest, std::int64_t> rows;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const auto row = static_cast<std::int64_t>(q) + 1;
    const auto [first, is_new] = rows.emplace(contents[q], row);
    if (is_new) continue;
    problems.push_back(
        {row, questions[q].line, "",
         fmt::format("says the same as row {}, so it counts twice; delete one of the two", first->second)});
  }
  return problems;
}

Digest content_of(const GoldenQuestion& question) {
  auto content = question;
  content.id.clear();
  return digest_of(std::span(&content, 1));
}

Bytes pack(std::span<const GoldenQuestion> questions) {
  Packer packer;
  for (const auto& q : questions) {
    packer.put(q.id).put(q.question).put(q.reference).put(q.contexts).put(q.sources);
    packer.put(q.alternatives).put(q.grades).put(q.unanswerable).put(q.line);
  }
  return packer.take();
}

void unpack(const Bytes& message, std::vector<GoldenQuestion>& questions) {
  for (Unpacker reader(message); !reader.done();) {
    auto& q = questions.emplace_back();
    q.id = reader.get<std::string>();
    q.question = reader.get<std::string>();
    q.reference = reader.get<std::string>();
    q.contexts = reader.get<std::vector<std::string>>();
    q.sources = reader.get<std::vector<std::string>>();
    q.alternatives = reader.get<std::vector<std::string>>();
    q.grades = reader.get<std::vector<std::int64_t>>();
    q.unanswerable = reader.get<bool>();
    q.line = reader.get<std::int64_t>();
  }
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
    add_list(question.alternatives);
    hasher.add(std::ssize(question.grades));
    for (const auto grade : question.grades) hasher.add(grade);
    hasher.add(std::int64_t{question.unanswerable});
  }
  return hasher.finish();
}

}  // namespace dream::golden
