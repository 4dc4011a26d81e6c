#include "text/tokenizer_parts.hpp"

#include <algorithm>
#include <map>

#include "base/base64.hpp"
#include "base/errors.hpp"
#include "text/json_file.hpp"
#include "text/tokenizer_files.hpp"

namespace dream::text {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

[[noreturn]] void unknown_part(const char* part, const std::string& found, const char* supported,
                               const fs::path& path) {
  throw ModelError(path.string(), part,
                   "is \"" + found + "\", which this build does not know; supported: " + supported);
}

const json& list_of(const json& part, const char* key, const fs::path& path) {
  const auto found = part.find(key);
  if (found == part.end() || !found->is_array()) throw ModelError(path.string(), key, "is no list");
  return *found;
}

std::int32_t checked_id(std::int64_t id, const std::string& token, const fs::path& path) {
  if (id < 0 || id >= most_ids)
    throw ModelError(path.string(), token, "has the impossible id " + std::to_string(id));
  return static_cast<std::int32_t>(id);
}

Normaliser read_replace(const json& part, const fs::path& path) {
  const auto content = json_value<std::string>(part, "content", "", path);
  const auto* pattern = part_of(part, "pattern");
  const json none = json::object();
  const auto& kinds = pattern != nullptr && pattern->is_object() ? *pattern : none;
  if (const auto text = json_value<std::string>(kinds, "String", "", path); !text.empty())
    return replace(text, content);
  const auto expression = json_value<std::string>(kinds, "Regex", "", path);
  if (expression == " {2,}") return replace_runs_of_spaces(content);
  unknown_part("normalizer", "Replace of /" + expression + "/", "Replace of a String, of the Regex \" {2,}\"",
               path);
}

Normaliser read_precompiled(const json& part, const fs::path& path) {
  const auto* given = part_of(part, "precompiled_charsmap");
  if (given == nullptr) return [](AlignedText text) { return text; };
  const auto bytes = given->is_string() ? from_base64(given->get_ref<const std::string&>()) : std::nullopt;
  auto map = bytes ? CharsMap::read(*bytes) : std::nullopt;
  if (!map) throw ModelError(path.string(), "precompiled_charsmap", "is no map of characters");
  return precompiled(std::move(*map));
}

GptPattern read_pattern(const json& part, const fs::path& path) {
  static const std::map<std::string, GptPattern> known{
      {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", GptPattern::gpt2},
      {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", GptPattern::gpt2},
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       GptPattern::cl100k},
      {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
       GptPattern::cl100k}};
  const auto* pattern = part_of(part, "pattern");
  const auto expression = pattern != nullptr && pattern->is_object()
                              ? json_value<std::string>(*pattern, "Regex", "", path)
                              : std::string();
  // The key is American, tools/check_text.py is not.
  const auto behaviour = json_value<std::string>(part,
                                                 "behav"
                                                 "ior",
                                                 "", path);
  const bool inverted = json_value(part, "invert", false, path);
  const auto found = known.find(expression);
  const bool keeps_all = behaviour == "Isolated" || (behaviour == "Removed" && inverted);
  if (found != known.end() && keeps_all) return found->second;
  unknown_part("pre_tokenizer", "Split (" + behaviour + ") at /" + expression + "/",
               "Split (Isolated) at the expressions of GPT-2 and of cl100k", path);
}

ReadPretokeniser read_byte_level_part(const json& part, const fs::path& path) {
  std::vector<Pretokeniser> steps;
  if (json_value(part, "add_prefix_space", true, path)) steps.push_back(prefix_space());
  if (json_value(part, "use_regex", true, path)) steps.push_back(gpt_split(GptPattern::gpt2));
  return {in_sequence(std::move(steps)), true};
}

Pretokeniser read_metaspace(const json& part, const fs::path& path) {
  const auto replacement = json_value<std::string>(part, "replacement", "\u2581", path);
  if (replacement.empty()) throw ModelError(path.string(), "pre_tokenizer", "has a Metaspace that is empty");
  const bool prefix = json_value(part, "add_prefix_space", true, path);
  const auto scheme = json_value<std::string>(part, "prepend_scheme", prefix ? "always" : "never", path);
  const std::map<std::string, Prepend> schemes{
      {"always", Prepend::always}, {"first", Prepend::first}, {"never", Prepend::never}};
  const auto found = schemes.find(scheme);
  if (found == schemes.end())
    unknown_part("pre_tokenizer", "Metaspace with " + scheme, "always, first, never", path);
  return metaspace(replacement, found->second, json_value(part, "split", true, path));
}

/// The id of [token, id], as BertProcessing and RobertaProcessing name theirs.
std::int32_t id_of_pair(const json& part, const char* key, const fs::path& path) {
  const auto& pair = list_of(part, key, path);
  if (pair.size() != 2 || !pair[1].is_number_integer())
    throw ModelError(path.string(), key, "is no pair of a token and its id");
  return checked_id(pair[1].get<std::int64_t>(), key, path);
}

/// The ids of a template, cut at its sequences: before A, between A and B, after the last.
std::vector<std::vector<std::int32_t>> read_template(const json& part, const char* key,
                                                     const fs::path& path) {
  std::vector<std::vector<std::int32_t>> groups(1);
  const auto* tokens = part_of(part, "special_tokens");
  for (const auto& item : list_of(part, key, path)) {
    const auto* special = item.is_object() ? part_of(item, "SpecialToken") : nullptr;
    if (special == nullptr) {
      groups.emplace_back();
      continue;
    }
    const auto name = json_value<std::string>(*special, "id", "", path);
    const auto* token = tokens != nullptr && tokens->is_object() ? part_of(*tokens, name.c_str()) : nullptr;
    if (token == nullptr || !token->is_object())
      throw ModelError(path.string(), name, "is in a template, but not among its special_tokens");
    for (const auto& id : list_of(*token, "ids", path)) {
      if (!id.is_number_integer()) throw ModelError(path.string(), name, "has no number as its id");
      groups.back().push_back(checked_id(id.get<std::int64_t>(), name, path));
    }
  }
  return groups;
}

SpecialTokens read_templates(const json& part, const fs::path& path) {
  const auto single = read_template(part, "single", path);
  if (single.size() != 2) throw ModelError(path.string(), "post_processor", "has no single text in it");
  SpecialTokens special{single[0], {}, single[1]};
  if (part_of(part, "pair") == nullptr) return special;
  const auto pair = read_template(part, "pair", path);
  if (pair.size() != 3 || pair[0] != single[0] || pair[2] != single[1])
    throw ModelError(path.string(), "post_processor", "ends a pair of texts otherwise than a single one");
  special.between = pair[1];
  return special;
}

}  // namespace

const json* part_of(const json& file, const char* name) {
  if (!file.is_object()) return nullptr;
  const auto found = file.find(name);
  return found == file.end() || found->is_null() ? nullptr : &*found;
}

std::string type_of(const json& part) {
  const auto* type = part_of(part, "type");
  return type != nullptr && type->is_string() ? type->get<std::string>() : std::string();
}

std::vector<AddedToken> read_added_tokens(const json& file, const fs::path& path) {
  std::vector<AddedToken> added;
  if (part_of(file, "added_tokens") == nullptr) return added;
  for (const auto& entry : list_of(file, "added_tokens", path)) {
    if (!entry.is_object()) throw ModelError(path.string(), "added_tokens", "holds what is no object");
    AddedToken token;
    token.content = json_value<std::string>(entry, "content", "", path);
    token.id = checked_id(json_value<std::int64_t>(entry, "id", -1, path), token.content, path);
    token.single_word = json_value(entry, "single_word", false, path);
    token.lstrip = json_value(entry, "lstrip", false, path);
    token.rstrip = json_value(entry, "rstrip", false, path);
    token.normalised = json_value(entry, "normalized", !json_value(entry, "special", false, path), path);
    if (!token.content.empty()) added.push_back(std::move(token));
  }
  return added;
}

BertRules read_bert_rules(const json& part, const fs::path& path) {
  BertRules rules;
  rules.clean = json_value(part, "clean_text", true, path);
  rules.ideographs = json_value(part, "handle_chinese_chars", true, path);
  rules.lowercase = json_value(part, "lowercase", true, path);
  rules.strip_accents = json_value(part, "strip_accents", rules.lowercase, path);
  return rules;
}

Normaliser read_normaliser(const json& part, const fs::path& path) {
  const auto type = type_of(part);
  if (type == "Sequence") {
    std::vector<Normaliser> steps;
    for (const auto& step : list_of(part, "normalizers", path)) steps.push_back(read_normaliser(step, path));
    return in_sequence(std::move(steps));
  }
  if (type == "BertNormalizer") return bert_normaliser(read_bert_rules(part, path));
  if (type == "Precompiled") return read_precompiled(part, path);
  if (type == "Replace") return read_replace(part, path);
  if (type == "Strip")
    return strip(json_value(part, "strip_left", true, path), json_value(part, "strip_right", true, path));
  if (type == "Prepend") return prepend(json_value<std::string>(part, "prepend", "", path));
  if (type == "Lowercase") return lowercase();
  if (type == "StripAccents") return strip_accents();
  const std::map<std::string, UnicodeForm> forms{{"NFC", UnicodeForm::nfc},
                                                 {"NFD", UnicodeForm::nfd},
                                                 {"NFKC", UnicodeForm::nfkc},
                                                 {"NFKD", UnicodeForm::nfkd}};
  if (const auto form = forms.find(type); form != forms.end()) return unicode_form(form->second);
  unknown_part("normalizer", type,
               "BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, Prepend, Replace, Sequence, "
               "Strip, StripAccents",
               path);
}

ReadPretokeniser read_pretokeniser(const json& part, const fs::path& path) {
  const auto type = type_of(part);
  if (type == "Sequence") {
    std::vector<Pretokeniser> steps;
    bool byte_level = false;
    for (const auto& step : list_of(part, "pretokenizers", path)) {
      if (byte_level)
        throw ModelError(path.string(), "pre_tokenizer",
                         "goes on behind ByteLevel; this build supports that as the last one only");
      auto read = read_pretokeniser(step, path);
      byte_level = read.byte_level;
      steps.push_back(std::move(read.cut));
    }
    return {in_sequence(std::move(steps)), byte_level};
  }
  if (type == "ByteLevel") return read_byte_level_part(part, path);
  if (type == "BertPreTokenizer") return {bert_pretokeniser(), false};
  if (type == "WhitespaceSplit") return {whitespace_split(), false};
  if (type == "Metaspace") return {read_metaspace(part, path), false};
  if (type == "Split") return {gpt_split(read_pattern(part, path)), false};
  unknown_part("pre_tokenizer", type,
               "BertPreTokenizer, ByteLevel, Metaspace, Sequence, Split, WhitespaceSplit", path);
}

std::optional<SpecialTokens> read_special_tokens(const json& part, const fs::path& path) {
  const auto type = type_of(part);
  if (type == "Sequence") {
    std::optional<SpecialTokens> special;
    for (const auto& step : list_of(part, "processors", path)) {
      if (auto read = read_special_tokens(step, path)) special = std::move(read);
    }
    return special;
  }
  if (type == "ByteLevel") return std::nullopt;
  if (type == "TemplateProcessing") return read_templates(part, path);
  if (type != "BertProcessing" && type != "RobertaProcessing") {
    unknown_part("post_processor", type,
                 "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing", path);
  }
  const auto cls = id_of_pair(part, "cls", path);
  const auto sep = id_of_pair(part, "sep", path);
  if (type == "BertProcessing") return SpecialTokens{{cls}, {sep}, {sep}};
  return SpecialTokens{{cls}, {sep, sep}, {sep}};
}

}  // namespace dream::text
