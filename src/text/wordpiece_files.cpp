#include <algorithm>

#include "base/errors.hpp"
#include "text/json_file.hpp"
#include "text/wordpiece.hpp"

namespace dream::text {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Ids that this many bytes of file could name: a lying id must not make us allocate the machine's memory.
constexpr std::int64_t most_ids = 10'000'000;

void place(std::vector<std::string>& vocabulary, const std::string& spelling, std::int64_t id,
           const fs::path& path) {
  if (id < 0 || id >= most_ids)
    throw ModelError(path.string(), spelling, "has the impossible id " + std::to_string(id));
  if (vocabulary.size() <= static_cast<std::size_t>(id)) vocabulary.resize(static_cast<std::size_t>(id) + 1);
  vocabulary[static_cast<std::size_t>(id)] = spelling;
}

/// The part `name` of tokenizer.json, which must be of this type: anything else would give other ids in
/// silence.
const json& part(const json& file, const char* name, const std::string& type, const fs::path& path) {
  const auto found = file.find(name);
  const bool is_object = found != file.end() && found->is_object();
  const auto is = is_object ? json_value<std::string>(*found, "type", "", path) : std::string("absent");
  if (is == type) return *found;
  throw ModelError(path.string(), name,
                   "is \"" + is + "\"; this build reads BERT's tokenizer, where it is \"" + type + "\"");
}

std::vector<AddedToken> added_tokens(const json& file, const fs::path& path) {
  std::vector<AddedToken> added;
  for (const auto& entry : file.value("added_tokens", json::array())) {
    AddedToken token{json_value<std::string>(entry, "content", "", path),
                     static_cast<std::int32_t>(json_value<std::int64_t>(entry, "id", 0, path))};
    for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) {
      if (json_value(entry, flag, false, path)) {
        throw ModelError(path.string(), "added_tokens",
                         "\"" + token.content + "\" has " + flag + " = true, which this build does not know");
      }
    }
    if (!token.content.empty()) added.push_back(std::move(token));
  }
  return added;
}

WordPieceSpec from_tokenizer_json(const fs::path& path) {
  const auto file = read_json(path);
  const auto& model = part(file, "model", "WordPiece", path);
  const auto& normaliser = part(file, "normalizer", "BertNormalizer", path);
  (void)part(file, "pre_tokenizer", "BertPreTokenizer", path);
  WordPieceSpec spec;
  spec.rules.clean = json_value(normaliser, "clean_text", true, path);
  spec.rules.ideographs = json_value(normaliser, "handle_chinese_chars", true, path);
  spec.rules.lowercase = json_value(normaliser, "lowercase", true, path);
  spec.rules.strip_accents = json_value(normaliser, "strip_accents", spec.rules.lowercase, path);
  spec.unknown = json_value<std::string>(model, "unk_token", "[UNK]", path);
  spec.prefix = json_value<std::string>(model, "continuing_subword_prefix", "##", path);
  spec.longest_word = json_value<std::int64_t>(model, "max_input_chars_per_word", 100, path);
  spec.added = added_tokens(file, path);
  const auto vocabulary = model.value("vocab", json::object());
  if (!vocabulary.is_object()) throw ModelError(path.string(), "model.vocab", "is no object");
  for (const auto& [spelling, id] : vocabulary.items()) {
    if (!id.is_number_integer()) throw ModelError(path.string(), spelling, "has no number as its id");
    place(spec.vocabulary, spelling, id.get<std::int64_t>(), path);
  }
  for (const auto& token : spec.added) place(spec.vocabulary, token.content, token.id, path);
  return spec;
}

WordPieceSpec from_vocabulary(const fs::path& path) {
  WordPieceSpec spec;
  const auto lines = read_model_file(path);
  for (std::size_t at = 0; at < lines.size();) {
    const auto end = std::min(lines.find('\n', at), lines.size());
    auto line = lines.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    spec.vocabulary.push_back(std::move(line));
    at = end + 1;
  }
  for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    const auto found = std::find(spec.vocabulary.begin(), spec.vocabulary.end(), special);
    if (found != spec.vocabulary.end())
      spec.added.push_back({special, static_cast<std::int32_t>(found - spec.vocabulary.begin())});
  }
  return spec;
}

}  // namespace

std::shared_ptr<const WordPiece> load_wordpiece(const fs::path& folder) {
  const auto whole = folder / "tokenizer.json";
  const auto list = folder / "vocab.txt";
  const auto settings = folder / "tokenizer_config.json";
  const auto& source = fs::exists(whole) ? whole : list;
  if (!fs::exists(source))
    throw ModelError(folder.string(), "", "has neither tokenizer.json nor vocab.txt: no vocabulary");
  auto spec = fs::exists(whole) ? from_tokenizer_json(whole) : from_vocabulary(list);
  if (fs::exists(settings)) {
    // As `transformers` does it: what tokenizer_config.json says outranks tokenizer.json.
    const auto config = read_json(settings);
    auto& rules = spec.rules;
    const bool stripped_as_lowered = rules.strip_accents == rules.lowercase;
    rules.lowercase = json_value(config, "do_lower_case", rules.lowercase, settings);
    rules.ideographs = json_value(config, "tokenize_chinese_chars", rules.ideographs, settings);
    rules.strip_accents = json_value(config, "strip_accents",
                                     stripped_as_lowered ? rules.lowercase : rules.strip_accents, settings);
  }
  for (const auto& needed : {spec.unknown, std::string("[CLS]"), std::string("[SEP]")}) {
    if (std::find(spec.vocabulary.begin(), spec.vocabulary.end(), needed) == spec.vocabulary.end()) {
      throw ModelError(source.string(), needed,
                       "is not in the vocabulary of " + std::to_string(spec.vocabulary.size()) + " tokens");
    }
  }
  return std::make_shared<WordPiece>(std::move(spec));
}

}  // namespace dream::text
