#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace dream::golden {

/// The bytes without a byte order mark. Throws CorpusError naming `file` and the line of what is no UTF-8.
[[nodiscard]] std::string_view plain_utf8(std::string_view bytes, const std::string& file);

/// The first half: the bytes of a file, or of its beginning, without the mark. Throws CorpusError for UTF-16.
[[nodiscard]] std::string_view without_mark(std::string_view bytes, const std::string& file);
/// The second: bytes out of a file that begin in `line`.
void check_utf8(std::string_view bytes, const std::string& file, std::int64_t line);

}  // namespace dream::golden
