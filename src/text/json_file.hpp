#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace dream::text {

/// The bytes of a model's file. Throws ModelError.
[[nodiscard]] std::string read_model_file(const std::filesystem::path& path);

/// A JSON document; discarded() when it is none or nested so deep that handling it could exhaust the stack.
[[nodiscard]] nlohmann::json parse_json(std::string_view text);

/// A JSON object of a model's folder. Throws ModelError when the file is missing or holds no JSON object.
[[nodiscard]] nlohmann::json read_json(const std::filesystem::path& path);

/// object[key], or `otherwise` when the key is absent or null. Throws ModelError when it has another type.
template <class T>
[[nodiscard]] T json_value(const nlohmann::json& object, const char* key, T otherwise,
                           const std::filesystem::path& path);

extern template bool json_value(const nlohmann::json&, const char*, bool, const std::filesystem::path&);
extern template std::int64_t json_value(const nlohmann::json&, const char*, std::int64_t,
                                        const std::filesystem::path&);
extern template double json_value(const nlohmann::json&, const char*, double, const std::filesystem::path&);
extern template std::string json_value(const nlohmann::json&, const char*, std::string,
                                       const std::filesystem::path&);

}  // namespace dream::text
