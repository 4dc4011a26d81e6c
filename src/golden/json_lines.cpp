#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "golden/columns.hpp"
#include "golden/formats.hpp"
#include "golden/lines.hpp"
#include "golden/list_cell.hpp"
#include "golden/rows.hpp"

namespace dream::golden {
namespace {

using nlohmann::json;

class Reader {
 public:
  explicit Reader(const std::string& file) : rows_(file) {}

  void add(std::string_view line, std::int64_t number) {
    rows_.begin(number);
    object_ = json::parse(line, nullptr, false);
    if (!object_.is_object()) {
      rows_.note("", fmt::format("is no JSON object: {}; write one object in each line", line.substr(0, 40)));
      return;
    }
    keys_.clear();
    names_.clear();
    for (const auto& [key, value] : object_.items()) {
      keys_.push_back(key);
      names_.push_back(plain_name(key));
    }
    read();
  }

  std::vector<GoldenQuestion> finish() { return rows_.finish(); }

 private:
  void read() {
    const auto& all = fields();
    GoldenQuestion question;
    question.unanswerable = is_unanswerable();
    const bool complete = has(all.question) && (question.unanswerable || has(all.reference));
    if (!complete) return;
    question.id = text(all.id);
    question.question = text(all.question);
    question.contexts = list(all.contexts);
    question.sources = list(all.sources);
    set_references(question, is_list(all.reference) ? list(all.reference) : std::vector{text(all.reference)});
    rows_.add(std::move(question), {key(all.question), key(all.reference)});
  }

  bool has(const Field& field) {
    if (field.find(names_) >= 0) return true;
    rows_.note(std::string(field.role), field.missing("field", keys_));
    return false;
  }

  [[nodiscard]] std::string key(const Field& field) const {
    const int at = field.find(names_);
    return at < 0 ? std::string(field.role) : keys_[static_cast<std::size_t>(at)];
  }

  /// null when it is not there.
  [[nodiscard]] json value(const Field& field) const {
    return field.find(names_) < 0 ? json() : object_.at(key(field));
  }

  [[nodiscard]] bool is_list(const Field& field) const { return value(field).is_array(); }

  /// Ids are often numbers.
  std::string text(const Field& field) {
    const auto found = value(field);
    if (found.is_null()) return "";
    if (found.is_string()) return found.get<std::string>();
    if (found.is_number()) return found.dump();
    rows_.note(key(field), fmt::format("found {}; wanted a text", found.type_name()));
    return "";
  }

  std::vector<std::string> list(const Field& field) {
    const auto found = value(field);
    if (found.is_null()) return {};
    if (found.is_string()) {
      auto texts = parse_list_cell(found.get<std::string>());
      if (texts) return std::move(*texts);
    }
    std::vector<std::string> texts;
    bool right = found.is_array();
    for (const auto& item : found) {
      right = right && (item.is_string() || item.is_null());
      if (item.is_string() && !trimmed(item.get<std::string>()).empty()) texts.push_back(item);
    }
    if (!right) rows_.note(key(field), fmt::format("found {}; wanted a list of texts", found.type_name()));
    return texts;
  }

  [[nodiscard]] bool is_unanswerable() const {
    const auto flag = value(fields().unanswerable);
    const auto kind = value(fields().kind);
    return flag == true || flag == 1 ||
           (kind.is_string() && plain_name(kind.get<std::string>()) == "unanswerable");
  }

  Rows rows_;
  json object_;
  std::vector<std::string> keys_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<GoldenQuestion> read_json_lines(std::string_view bytes, const std::string& file) {
  Reader reader(file);
  each_line(bytes, [&](std::string_view line, std::int64_t number) { reader.add(line, number); });
  return reader.finish();
}

}  // namespace dream::golden
