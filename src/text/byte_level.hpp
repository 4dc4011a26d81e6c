#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/bpe.hpp"

namespace dream::text {

/// The bytes behind a spelling of a byte-level vocabulary, in which GPT-2 writes every byte as a printable
/// character. Nothing when it holds a character that stands for no byte.
[[nodiscard]] std::optional<std::string> bytes_of_spelling(const std::string& spelling);

/// A vocabulary and its merges (earlier ones first) as the model needs them. Throws ModelError for a merge
/// whose parts or result are no tokens.
[[nodiscard]] BpeSpec bpe_spec(const std::unordered_map<std::string, std::int32_t>& vocabulary,
                               const std::vector<std::pair<std::string, std::string>>& merges,
                               bool byte_level, const std::filesystem::path& path);

}  // namespace dream::text
