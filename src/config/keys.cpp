#include "config/keys.hpp"

#include <type_traits>

namespace dream::config {
namespace {

std::string type_of(const Field& field) {
  struct Visitor {
    std::string operator()(const bool*) const { return "true or false"; }
    std::string operator()(const std::string*) const { return "text"; }
    std::string operator()(const std::int64_t*) const { return "whole number"; }
    std::string operator()(const double*) const { return "number"; }
    std::string operator()(const std::vector<std::string>*) const { return "text or list of texts"; }
    std::string operator()(const std::vector<std::int64_t>*) const {
      return "whole number or list of whole numbers";
    }
    std::string operator()(const Choice*) const { return "name or table"; }
    std::string operator()(const std::vector<Choice>*) const { return "name, table or list of these"; }
  };
  return std::visit(Visitor{}, field);
}

std::string default_of(const Field& field, const Rule& rule) {
  if (rule.required) return "required";
  if (const auto* text = std::get_if<std::string*>(&field)) return "\"" + **text + "\"";
  if (const auto* choice = std::get_if<bool*>(&field)) return to_text(**choice);
  if (const auto* number = std::get_if<std::int64_t*>(&field)) return to_text(**number);
  if (const auto* number = std::get_if<double*>(&field)) return to_text(**number);
  if (const auto* choice = std::get_if<Choice*>(&field)) return "\"" + (*choice)->name + "\"";
  if (const auto* texts = std::get_if<std::vector<std::string>*>(&field);
      texts != nullptr && !(*texts)->empty())
    return "\"" + (*texts)->front() + "\"";
  return "";
}

std::string range_of(const Key& key) {
  switch (key.names) {
    case Names::embedder:
      return "an embedder of [models]";
    case Names::reranker:
      return "none | a reranker of [models]";
    case Names::llm:
    case Names::llm_or_none:
      return "a language model of [models]";
    case Names::judge:
      return "overlap | a language model of [models]";
    case Names::tokenizer:
      return "auto | words | an embedder of [models]";
    case Names::metric:
      return "a metric";
    case Names::nothing:
      break;
  }
  return range_text(key.rule);
}

}  // namespace

std::vector<KeyInfo> key_infos() {
  Config defaults;
  std::vector<KeyInfo> infos;
  for (const auto& key : keys()) {
    const auto field = key.field(defaults);
    infos.push_back(
        {key.name, type_of(field), default_of(field, key.rule), range_of(key), key.help, key.example});
  }
  infos.push_back({"models.NAME.kind", "text", "required", "a kind of model",
                   "what the model is; it decides the other keys", "\"transformer\""});
  infos.push_back({"models.NAME.api_key.env", "text", "", "",
                   "the environment variable that holds the secret", "\"LLM_API_KEY\""});
  infos.push_back(
      {"models.NAME.api_key.file", "text", "", "", "the file that holds the secret", "\"/run/secrets/key\""});
  return infos;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names{"models"};
  for (const auto& key : keys()) names.push_back(key.name);
  return names;
}

}  // namespace dream::config
