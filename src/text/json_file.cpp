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

nlohmann::json parse_json(std::string_view text) {
  // Copying, printing and destroying a document recurse as deep as it is nested, and files come from
  // strangers.
  constexpr int deepest = 100;
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '\\')
      ++at;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '[' || c == '{'))
      ++depth;
    else if (!quoted && (c == ']' || c == '}'))
      --depth;
    if (depth > deepest) return nlohmann::json(nlohmann::json::value_t::discarded);
  }
  return nlohmann::json::parse(text, nullptr, false);
}

nlohmann::json read_json(const std::filesystem::path& path) {
  auto parsed = parse_json(read_model_file(path));
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
