#include "corpus/collection.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/file.hpp"

namespace dream::corpus {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view collection_name = "corpus.jsonl";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_beside_collection(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / collection_name, ignored);
}

/// Ids are texts; some collections write them as numbers.
std::string id_of(const json& object) {
  const auto id = object.find("_id");
  if (id == object.end()) return "";
  return id->is_string() ? id->get<std::string>() : id->is_number_integer() ? id->dump() : "";
}

}  // namespace

bool is_collection(const fs::path& path) { return path.filename() == collection_name; }

bool is_companion(const fs::path& path) {
  const auto folder = path.parent_path();
  if (path.filename() == "queries.jsonl") return is_beside_collection(folder);
  return folder.filename() == "qrels" && is_beside_collection(folder.parent_path());
}

std::optional<MemberText> parse_member(std::string_view line, std::string& problem) {
  const auto object = json::parse(line, nullptr, false);
  if (!object.is_object()) {
    problem = R"(is no JSON object; a document is {"_id": "...", "title": "...", "text": "..."})";
    return std::nullopt;
  }
  MemberText member{id_of(object), "", ""};
  const auto text_of = [&](const char* field, bool required, std::string& out) {
    const auto value = object.find(field);
    const bool absent = value == object.end() || value->is_null();
    if (!absent && value->is_string()) out = value->get<std::string>();
    if (absent ? required : !value->is_string()) problem = fmt::format("\"{}\" is no text", field);
    return problem.empty();
  };
  problem.clear();
  if (member.id.empty())
    problem = "\"_id\" is missing; qrels name documents by it";
  else if (text_of("text", true, member.text))
    (void)text_of("title", false, member.title);
  return problem.empty() ? std::optional(std::move(member)) : std::nullopt;
}

Collection list_members(const fs::path& path, const Pulse& pulse) {
  Collection found;
  std::unordered_map<std::string, std::int64_t> line_of;
  std::int64_t number = 0;
  std::int64_t offset = 0;
  const auto take = [&](std::string_view line) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    std::string problem;
    const auto member = parse_member(line, problem);
    if (member) {
      const auto [earlier, is_new] = line_of.try_emplace(member->id, number);
      if (is_new)
        found.members.push_back({member->id, number, offset, std::ssize(line)});
      else
        problem = fmt::format("\"_id\" is that of line {}", earlier->second);
    }
    if (!problem.empty()) found.bad.push_back({number, std::move(problem)});
  };
  std::string rest;
  bool first = true;
  read_blocks(path, [&](std::string_view block) {
    pulse();
    rest += block;
    if (first && rest.starts_with(byte_order_mark)) {
      rest.erase(0, byte_order_mark.size());
      offset += std::ssize(byte_order_mark);
    }
    first = false;
    std::size_t begin = 0;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      take(std::string_view(rest).substr(begin, end - begin));
      offset += static_cast<std::int64_t>(end + 1 - begin);
      begin = end + 1;
    }
    rest.erase(0, begin);
  });
  take(rest);
  return found;
}

}  // namespace dream::corpus
