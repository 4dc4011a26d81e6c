#include "text/json_file.hpp"

#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::text {

std::string read_model_file(const std::filesystem::path& path) {
  try {
    return read_file(path);
  } catch (const Error& error) {
    const std::string_view what = error.what();
    const auto reason = what.rfind("cannot ");
    throw ModelError(path.string(), "", what.substr(reason == what.npos ? 0 : reason));
  }
}

nlohmann::json read_json(const std::filesystem::path& path) {
  auto parsed = nlohmann::json::parse(read_model_file(path), nullptr, false);
  if (!parsed.is_object()) throw ModelError(path.string(), "", "is no JSON object; fetch the file again");
  return parsed;
}

template <class T>
T json_value(const nlohmann::json& object, const char* key, T otherwise, const std::filesystem::path& path) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return otherwise;
  bool fits = false;
  if constexpr (std::is_same_v<T, bool>)
    fits = found->is_boolean();
  else if constexpr (std::is_same_v<T, std::int64_t>)
    fits = found->is_number_integer();
  else if constexpr (std::is_same_v<T, double>)
    fits = found->is_number();
  else
    fits = found->is_string();
  if (!fits)
    throw ModelError(path.string(), key, "is a " + std::string(found->type_name()) + ", which does not fit");
  return found->get<T>();
}

template bool json_value(const nlohmann::json&, const char*, bool, const std::filesystem::path&);
template std::int64_t json_value(const nlohmann::json&, const char*, std::int64_t,
                                 const std::filesystem::path&);
template double json_value(const nlohmann::json&, const char*, double, const std::filesystem::path&);
template std::string json_value(const nlohmann::json&, const char*, std::string,
                                const std::filesystem::path&);

}  // namespace dream::text
