#pragma once
#include <string>
#include <string_view>

namespace dream::golden {

/// The bytes without a byte order mark. Throws CorpusError naming `file` and the line of what is no UTF-8.
[[nodiscard]] std::string_view plain_utf8(std::string_view bytes, const std::string& file);

}  // namespace dream::golden
