#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/errors.hpp"
#include "text/byte_level.hpp"
#include "text/json_file.hpp"
#include "text/pipeline.hpp"
#include "text/tokenizer_files.hpp"
#include "text/tokenizer_parts.hpp"
#include "text/wordpiece.hpp"

namespace dream::text {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Vocabulary = std::unordered_map<std::string, std::int32_t>;

std::int32_t checked_id(const json& id, const std::string& spelling, const fs::path& path) {
  if (!id.is_number_integer()) throw ModelError(path.string(), spelling, "has no number as its id");
  const auto value = id.get<std::int64_t>();
  if (value < 0 || value >= most_ids)
    throw ModelError(path.string(), spelling, "has the impossible id " + std::to_string(value));
  return static_cast<std::int32_t>(value);
}

Vocabulary read_vocabulary(const json& model, const fs::path& path) {
  const auto* part = part_of(model, "vocab");
  if (part == nullptr || !part->is_object()) throw ModelError(path.string(), "model.vocab", "is no object");
  Vocabulary vocabulary;
  for (const auto& [spelling, id] : part->items()) vocabulary[spelling] = checked_id(id, spelling, path);
  return vocabulary;
}

void require_plain(const json& model, const char* key, const fs::path& path) {
  if (!json_value<std::string>(model, key, "", path).empty())
    throw ModelError(path.string(), key, "is not empty, which this build does not know for this model");
}

void require_off(const json& model, const char* key, const fs::path& path) {
  const auto* value = part_of(model, key);
  if (value != nullptr && *value != false && *value != 0.0)
    throw ModelError(path.string(), key, "is on, which this build does not know");
}

std::int64_t highest(const std::vector<AddedToken>& added, std::int64_t size) {
  for (const auto& token : added) size = std::max<std::int64_t>(size, token.id + 1);
  return size;
}

/// A model and how many ids it knows.
struct ReadModel {
  std::shared_ptr<const PieceModel> model;
  std::int64_t vocabulary_size = 0;
};

WordPieceSpec read_wordpiece(const json& model, const fs::path& path) {
  WordPieceSpec spec;
  spec.unknown = json_value<std::string>(model, "unk_token", "[UNK]", path);
  spec.prefix = json_value<std::string>(model, "continuing_subword_prefix", "##", path);
  spec.longest_word = json_value<std::int64_t>(model, "max_input_chars_per_word", 100, path);
  for (const auto& [spelling, id] : read_vocabulary(model, path)) {
    const auto index = static_cast<std::size_t>(id);
    if (spec.vocabulary.size() <= index) spec.vocabulary.resize(index + 1);
    spec.vocabulary[index] = spelling;
  }
  if (std::find(spec.vocabulary.begin(), spec.vocabulary.end(), spec.unknown) == spec.vocabulary.end())
    throw ModelError(path.string(), spec.unknown, "is not in the vocabulary");
  return spec;
}

ReadModel read_unigram(const json& model, const fs::path& path) {
  UnigramSpec spec;
  const auto* vocabulary = part_of(model, "vocab");
  if (vocabulary == nullptr || !vocabulary->is_array() || vocabulary->empty())
    throw ModelError(path.string(), "model.vocab", "is no list of tokens");
  for (const auto& entry : *vocabulary) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
      throw ModelError(path.string(), "model.vocab", "holds what is no pair of a token and its score");
    spec.vocabulary.emplace_back(entry[0].get<std::string>(), entry[1].get<double>());
  }
  const auto unknown = json_value<std::int64_t>(model, "unk_id", -1, path);
  const auto size = static_cast<std::int64_t>(spec.vocabulary.size());
  if (unknown < 0 || unknown >= size) {
    throw ModelError(path.string(), "unk_id",
                     "is " + std::to_string(unknown) + " among " + std::to_string(size) + " tokens");
  }
  spec.unknown = static_cast<std::int32_t>(unknown);
  spec.byte_fallback = json_value(model, "byte_fallback", false, path);
  return {std::make_shared<Unigram>(std::move(spec)), size};
}

/// The two spellings of a merge: a list of two, or one string with a space between them.
std::pair<std::string, std::string> read_merge(const json& entry, const fs::path& path) {
  if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string())
    return {entry[0].get<std::string>(), entry[1].get<std::string>()};
  if (entry.is_string()) {
    const auto text = entry.get<std::string>();
    const auto space = text.find(' ');
    if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos)
      return {text.substr(0, space), text.substr(space + 1)};
  }
  throw ModelError(path.string(), "model.merges", "holds " + entry.dump() + ", which is no pair");
}

ReadModel read_bpe(const json& model, bool byte_level, const fs::path& path) {
  require_plain(model, "continuing_subword_prefix", path);
  require_plain(model, "end_of_word_suffix", path);
  require_off(model, "dropout", path);
  const auto vocabulary = read_vocabulary(model, path);
  const auto* list = part_of(model, "merges");
  if (list == nullptr || !list->is_array()) throw ModelError(path.string(), "model.merges", "is no list");
  std::vector<std::pair<std::string, std::string>> merges;
  for (const auto& entry : *list) merges.push_back(read_merge(entry, path));
  auto spec = bpe_spec(vocabulary, merges, byte_level, path);
  const auto unknown = json_value<std::string>(model, "unk_token", "", path);
  if (!unknown.empty()) {
    const auto found = vocabulary.find(unknown);
    if (found == vocabulary.end()) throw ModelError(path.string(), unknown, "is not in the vocabulary");
    spec.unknown = found->second;
  }
  spec.fuse_unknown = json_value(model, "fuse_unk", false, path);
  spec.byte_fallback = json_value(model, "byte_fallback", false, path);
  spec.ignore_merges = json_value(model, "ignore_merges", false, path);
  std::int64_t size = 0;
  for (const auto& [spelling, id] : vocabulary) size = std::max<std::int64_t>(size, id + 1);
  return {std::make_shared<Bpe>(std::move(spec)), size};
}

/// Old files do not say what their model is.
std::string kind_of(const json& model) {
  const auto type = type_of(model);
  if (!type.empty()) return type;
  const auto* vocabulary = part_of(model, "vocab");
  if (part_of(model, "merges") != nullptr) return "BPE";
  if (vocabulary != nullptr && vocabulary->is_array()) return "Unigram";
  return part_of(model, "max_input_chars_per_word") != nullptr ? "WordPiece" : "";
}

/// BERT's [CLS] A [SEP], for files without a post_processor.
SpecialTokens bert_tokens(const std::vector<std::string>& vocabulary) {
  const auto id_of = [&](const char* token) -> std::vector<std::int32_t> {
    const auto found = std::find(vocabulary.begin(), vocabulary.end(), token);
    if (found == vocabulary.end()) return {};
    return {static_cast<std::int32_t>(found - vocabulary.begin())};
  };
  return {id_of("[CLS]"), id_of("[SEP]"), id_of("[SEP]")};
}

bool lowers(const json& normaliser, const fs::path& path) {
  const auto type = type_of(normaliser);
  if (type == "BertNormalizer") return read_bert_rules(normaliser, path).lowercase;
  const auto* steps = part_of(normaliser, "normalizers");
  return type == "Lowercase" ||
         (type == "Sequence" && steps != nullptr &&
          std::any_of(steps->begin(), steps->end(), [&](const json& step) { return lowers(step, path); }));
}

/// As `transformers` does it: what tokenizer_config.json says of BERT's rules outranks tokenizer.json.
void apply_tokenizer_config(const fs::path& settings, json& normaliser) {
  const auto config = read_json(settings);
  const auto before = read_bert_rules(normaliser, settings);
  normaliser["lowercase"] = json_value(config, "do_lower_case", before.lowercase, settings);
  normaliser["handle_chinese_chars"] =
      json_value(config, "tokenize_chinese_chars", before.ideographs, settings);
  if (const auto* accents = part_of(config, "strip_accents"))
    normaliser["strip_accents"] = *accents;
  else if (before.strip_accents == before.lowercase)
    normaliser.erase("strip_accents");
}

/// The whole file, part by part.
class Reader {
 public:
  Reader(const fs::path& path, const json& file) : path_(path), file_(file) {
    const auto* model = part_of(file_, "model");
    if (model == nullptr) throw ModelError(path_.string(), "model", "is absent: this is no tokenizer");
    model_ = model;
    kind_ = kind_of(*model_);
    spec_.added = read_added_tokens(file_, path_);
  }

  ModelTokenizer read() {
    if (const auto* part = part_of(file_, "post_processor")) {
      if (auto special = read_special_tokens(*part, path_)) result_.special = std::move(*special);
      special_ = true;
    }
    if (const auto* part = part_of(file_, "normalizer")) {
      spec_.normaliser = read_normaliser(*part, path_);
      normaliser_ = type_of(*part);
      result_.lowercase = lowers(*part, path_);
    }
    if (const auto* part = part_of(file_, "pre_tokenizer")) {
      auto read = read_pretokeniser(*part, path_);
      spec_.pretokeniser = std::move(read.cut);
      byte_level_ = read.byte_level;
      pretokeniser_ = type_of(*part);
    }
    if (kind_ == "WordPiece") {
      wordpiece();
    } else if (kind_ == "Unigram") {
      piped(read_unigram(*model_, path_));
    } else if (kind_ == "BPE") {
      piped(read_bpe(*model_, byte_level_, path_));
    } else {
      throw ModelError(
          path_.string(), "model",
          "is \"" + kind_ + "\", which this build does not know; supported: BPE, Unigram, WordPiece");
    }
    return std::move(result_);
  }

 private:
  void piped(ReadModel read) {
    if (byte_level_ && kind_ != "BPE")
      throw ModelError(path_.string(), "pre_tokenizer", "is ByteLevel before a model that is no BPE");
    result_.vocabulary_size = highest(spec_.added, read.vocabulary_size);
    spec_.model = std::move(read.model);
    // What is said of padding, truncation and decoding decides no token.
    auto decisive = file_;
    for (const char* key : {"padding", "truncation", "decoder", "version"}) decisive.erase(key);
    spec_.source = digest_of(decisive.dump());
    result_.tokenizer = std::make_shared<Pipeline>(std::move(spec_));
  }

  void wordpiece() {
    auto spec = read_wordpiece(*model_, path_);
    if (!special_) result_.special = bert_tokens(spec.vocabulary);
    const auto size = static_cast<std::int64_t>(spec.vocabulary.size());
    const bool raw_only = std::none_of(spec_.added.begin(), spec_.added.end(),
                                       [](const AddedToken& token) { return token.normalised; });
    if (normaliser_ != "BertNormalizer" || pretokeniser_ != "BertPreTokenizer" || !raw_only)
      return piped({std::make_shared<WordPieces>(spec), size});
    // The common case has a tokenizer of its own, which needs one pass.
    spec.rules = read_bert_rules(*part_of(file_, "normalizer"), path_);
    spec.added = spec_.added;
    result_.vocabulary_size = highest(spec_.added, size);
    result_.tokenizer = std::make_shared<WordPiece>(std::move(spec));
  }

  const fs::path& path_;
  const json& file_;
  const json* model_ = nullptr;
  std::string kind_, normaliser_, pretokeniser_;
  bool special_ = false;
  bool byte_level_ = false;
  PipelineSpec spec_;
  ModelTokenizer result_;
};

}  // namespace

ModelTokenizer read_tokenizer_json(const fs::path& path) {
  auto file = read_json(path);
  const auto settings = path.parent_path() / "tokenizer_config.json";
  const auto* normaliser = part_of(file, "normalizer");
  if (normaliser != nullptr && type_of(*normaliser) == "BertNormalizer" && fs::exists(settings))
    apply_tokenizer_config(settings, file["normalizer"]);
  return Reader(path, file).read();
}

}  // namespace dream::text
