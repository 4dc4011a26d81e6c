#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "golden/formats.hpp"
#include "golden/rows.hpp"

namespace dream::golden {
namespace {

using nlohmann::json;

/// Lines of the whole file say nothing about a question: it is often one line. So the path in the JSON names
/// the place.
class Reader {
 public:
  explicit Reader(const std::string& file) : rows_(file) {}

  void read(const json& root) {
    each(root, "data", "data", [&](const json& article, const std::string& path) {
      each(article, "paragraphs", path + ".paragraphs", [&](const json& paragraph, const std::string& inner) {
        each(paragraph, "qas", inner + ".qas",
             [&](const json& one, const std::string& place) { add(paragraph, one, place); });
      });
    });
  }

  std::vector<GoldenQuestion> finish() { return rows_.finish(); }

 private:
  template <class Visit>
  void each(const json& owner, const char* field, const std::string& path, Visit visit) {
    const auto list = owner.is_object() ? owner.value(field, json()) : json();
    if (!list.is_array()) {
      rows_.begin(0);
      rows_.note(path, fmt::format("found {}; SQuAD has a list here", list.type_name()));
      return;
    }
    for (std::size_t i = 0; i < list.size(); ++i) visit(list[i], fmt::format("{}[{}]", path, i));
  }

  void add(const json& paragraph, const json& one, const std::string& place) {
    rows_.begin(0);
    GoldenQuestion question;
    question.id = text(one, "id", place);
    question.question = text(one, "question", place);
    question.unanswerable = one.is_object() && one.value("is_impossible", json()) == true;
    if (!question.unanswerable) {
      set_references(question, answers(one, place));
      question.contexts = {text(paragraph, "context", place.substr(0, place.find(".qas")))};
    }
    rows_.add(std::move(question), {place + ".question", place + ".answers"});
  }

  std::string text(const json& owner, const char* field, const std::string& place) {
    const auto value = owner.is_object() ? owner.value(field, json()) : json();
    if (value.is_string()) return value.get<std::string>();
    rows_.note(place + "." + field, fmt::format("found {}; wanted a text", value.type_name()));
    return "";
  }

  /// Distinct texts, in order.
  std::vector<std::string> answers(const json& one, const std::string& place) {
    std::vector<std::string> out;
    const auto list = one.is_object() ? one.value("answers", json()) : json();
    for (const auto& answer : list.is_array() ? list : json::array()) {
      auto said = text(answer, "text", place + ".answers");
      if (std::ranges::find(out, said) == out.end()) out.push_back(std::move(said));
    }
    return out;
  }

  Rows rows_;
};

std::int64_t line_of(std::string_view bytes, std::size_t at) {
  return 1 + std::ranges::count(bytes.substr(0, std::min(at, bytes.size())), '\n');
}

}  // namespace

bool is_squad(std::string_view bytes) {
  // A file of JSON lines has a whole object in its first line; SQuAD's begins with version or data.
  const auto head = bytes.substr(0, 4096);
  const auto first = head.find_first_not_of(" \t\r\n{");
  return first != std::string_view::npos && head.find("\"data\"") != std::string_view::npos &&
         (head.substr(first, 6) == "\"data\"" || head.substr(first, 9) == "\"version\"");
}

std::vector<GoldenQuestion> read_squad(std::string_view bytes, const std::string& file) {
  Reader reader(file);
  try {
    reader.read(json::parse(bytes));
  } catch (const json::parse_error& error) {
    throw CorpusError(file, 0,
                      fmt::format("line {}: is no JSON from here on; SQuAD is one JSON object with \"data\"",
                                  line_of(bytes, error.byte)));
  }
  return reader.finish();
}

}  // namespace dream::golden
