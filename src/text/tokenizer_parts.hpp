#pragma once
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "text/added_tokens.hpp"
#include "text/model_tokenizer.hpp"
#include "text/normaliser.hpp"
#include "text/pretokeniser.hpp"

/// The parts of a tokenizer.json but its model. All throw ModelError, which names a part that we do not know
/// and those that we do.
namespace dream::text {

/// file[name] when it is there and not null.
[[nodiscard]] const nlohmann::json* part_of(const nlohmann::json& file, const char* name);
/// part["type"], or "" when there is none.
[[nodiscard]] std::string type_of(const nlohmann::json& part);

[[nodiscard]] std::vector<AddedToken> read_added_tokens(const nlohmann::json& file,
                                                        const std::filesystem::path& path);
[[nodiscard]] BertRules read_bert_rules(const nlohmann::json& part, const std::filesystem::path& path);
[[nodiscard]] Normaliser read_normaliser(const nlohmann::json& part, const std::filesystem::path& path);

struct ReadPretokeniser {
  Pretokeniser cut;
  bool byte_level = false;  ///< the model sees bytes, not characters
};
[[nodiscard]] ReadPretokeniser read_pretokeniser(const nlohmann::json& part,
                                                 const std::filesystem::path& path);

/// The special tokens of a post_processor; nothing when it says nothing about them.
[[nodiscard]] std::optional<SpecialTokens> read_special_tokens(const nlohmann::json& part,
                                                               const std::filesystem::path& path);

}  // namespace dream::text
