#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pulse.hpp"

/// Files that hold many documents, one in a line: the corpus.jsonl of BEIR, whose lines are
/// {"_id": "...", "title": "...", "text": "..."}.
namespace dream::corpus {

/// The format of such a line, for the one who reads it.
inline constexpr std::string_view member_format = "beir";

/// Whether a file is a collection: BEIR calls it corpus.jsonl.
[[nodiscard]] bool is_collection(const std::filesystem::path& path);
/// Whether a file belongs to the collection beside it and holds no documents: queries.jsonl, qrels/*.
[[nodiscard]] bool is_companion(const std::filesystem::path& path);

/// What a line says.
struct MemberText {
  std::string id;
  std::string title;  ///< may be empty
  std::string text;
};
/// Nothing, with `problem` set, for a line that is no document.
[[nodiscard]] std::optional<MemberText> parse_member(std::string_view line, std::string& problem);

/// Where a document lies in its file.
struct Member {
  std::string id;
  std::int64_t line = 0;  ///< from 1
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};
struct BadLine {
  std::int64_t line = 0;
  std::string problem;
};
struct Collection {
  std::vector<Member> members;
  std::vector<BadLine> bad;  ///< no document, or an id that an earlier line has
};

/// The documents of a collection; blank lines are none. Holds one line at a time. Throws CorpusError when the
/// file cannot be read.
[[nodiscard]] Collection list_members(const std::filesystem::path& path, const Pulse& pulse);

}  // namespace dream::corpus
