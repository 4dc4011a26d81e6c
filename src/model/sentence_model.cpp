#include "model/sentence_model.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "text/json_file.hpp"

namespace dream::model {
namespace {

namespace fs = std::filesystem;
using kernels::Pooling;
using nlohmann::json;
using text::json_value;

std::int64_t positive(const json& config, const char* key, std::int64_t most, const fs::path& path) {
  const auto value = json_value<std::int64_t>(config, key, 0, path);
  if (value < 1 || value > most) {
    throw ModelError(path.string(), key,
                     "is " + std::to_string(value) + "; it must be 1 to " + std::to_string(most));
  }
  return value;
}

/// Refuses a value that would make another network than the one that we compute.
void require(const json& config, const char* key, const std::string& wanted, const fs::path& path) {
  const auto value = json_value<std::string>(config, key, wanted, path);
  if (value != wanted)
    throw ModelError(path.string(), key, "is \"" + value + "\"; this build supports \"" + wanted + "\"");
}

BertConfig read_config(const fs::path& path) {
  const auto config = text::read_json(path);
  const auto type = json_value<std::string>(config, "model_type", "", path);
  if (type != "bert") {
    const auto names = config.find("architectures");
    const auto architecture = names != config.end() && names->is_array() && !names->empty()
                                  ? names->front().dump()
                                  : std::string("none");
    throw ModelError(path.string(), "model_type",
                     "is \"" + type + "\" (architecture " + architecture +
                         "), which this build does not know; supported: \"bert\" (BertModel)");
  }
  require(config, "hidden_act", "gelu", path);
  require(config, "position_embedding_type", "absolute", path);
  BertConfig bert;
  bert.layers = positive(config, "num_hidden_layers", 1000, path);
  bert.hidden = positive(config, "hidden_size", 1 << 16, path);
  bert.heads = positive(config, "num_attention_heads", 1 << 12, path);
  bert.intermediate = positive(config, "intermediate_size", 1 << 20, path);
  bert.vocabulary = positive(config, "vocab_size", 100'000'000, path);
  bert.positions = positive(config, "max_position_embeddings", 1 << 20, path);
  bert.types = positive(config, "type_vocab_size", 1 << 16, path);
  bert.epsilon = json_value(config, "layer_norm_eps", 1e-12, path);
  if (bert.hidden % (16 * bert.heads) != 0) {
    throw ModelError(path.string(), "num_attention_heads",
                     std::to_string(bert.heads) + " heads do not cut hidden_size " +
                         std::to_string(bert.hidden) + " into multiples of 16, which the kernels need");
  }
  if (bert.intermediate % 16 != 0)
    throw ModelError(path.string(), "intermediate_size", "is no multiple of 16, which the kernels need");
  return bert;
}

Pooling read_pooling(const fs::path& path, std::int64_t hidden) {
  const auto config = text::read_json(path);
  const auto dimension = json_value<std::int64_t>(config, "word_embedding_dimension", hidden, path);
  if (dimension != hidden) {
    throw ModelError(path.string(), "word_embedding_dimension",
                     "is " + std::to_string(dimension) + ", but hidden_size is " + std::to_string(hidden));
  }
  std::string modes;
  for (const auto& [key, value] : config.items()) {
    if (key.starts_with("pooling_mode_") && value == true)
      modes += (modes.empty() ? "" : ", ") + key.substr(13);
  }
  if (modes == "mean_tokens") return Pooling::mean;
  if (modes == "cls_token") return Pooling::first;
  throw ModelError(path.string(), "pooling_mode",
                   "is \"" + modes + "\"; this build supports mean_tokens and cls_token");
}

/// The pooling that modules.json asks for, after a check that the chain is one that we compute. Vectors are
/// normalised in any case: the contract of an embedder says so.
Pooling read_modules(const fs::path& folder, std::int64_t hidden) {
  const auto path = folder / "modules.json";
  if (!fs::exists(path)) return Pooling::mean;
  const auto modules = json::parse(text::read_model_file(path), nullptr, false);
  if (!modules.is_array() || modules.empty())
    throw ModelError(path.string(), "", "is no JSON list of modules");
  auto pooling = Pooling::mean;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const auto type = json_value<std::string>(modules[i], "type", "", path);
    const auto kind = type.substr(type.rfind('.') + 1);
    const char* wanted[] = {"Transformer", "Pooling", "Normalize"};
    if (i > 2 || kind != wanted[i]) {
      throw ModelError(path.string(), type,
                       "is module " + std::to_string(i + 1) +
                           "; this build supports Transformer, Pooling, Normalize, in this order");
    }
    const auto part = json_value<std::string>(modules[i], "path", "", path);
    if (i == 0 && !part.empty())
      throw ModelError(path.string(), type,
                       "lies in the folder \"" + part + "\"; this build reads it from the model's own");
    if (i == 1) pooling = read_pooling(folder / part / "config.json", hidden);
  }
  return pooling;
}

std::int64_t read_window(const fs::path& folder, const BertConfig& bert, const text::WordPiece& tokenizer) {
  const auto path = folder / "sentence_bert_config.json";
  if (!fs::exists(path)) return bert.positions;
  const auto config = text::read_json(path);
  if (json_value(config, "do_lower_case", false, path) && !tokenizer.rules().lowercase) {
    throw ModelError(path.string(), "do_lower_case",
                     "is true, but the tokenizer keeps capitals; this build leaves case to the tokenizer");
  }
  const auto window = json_value<std::int64_t>(config, "max_seq_length", bert.positions, path);
  if (window < 3)
    throw ModelError(path.string(), "max_seq_length",
                     "is " + std::to_string(window) + "; it must be at least 3");
  return std::min(window, bert.positions);
}

}  // namespace

SentenceModel read_sentence_model(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw ModelError(folder.string(), "", "is no folder; give that of a Hugging Face model");
  SentenceModel model;
  model.bert = read_config(folder / "config.json");
  model.pooling = read_modules(folder, model.bert.hidden);
  model.tokenizer = text::load_wordpiece(folder);
  model.window = read_window(folder, model.bert, *model.tokenizer);
  model.weights = folder / "model.safetensors";
  if (!fs::exists(model.weights)) {
    throw ModelError(
        model.weights.string(), "",
        "is missing; other formats and weights in several files must be converted to one safetensors file");
  }
  if (model.tokenizer->vocabulary_size() > model.bert.vocabulary) {
    throw ModelError((folder / "config.json").string(), "vocab_size",
                     "is " + std::to_string(model.bert.vocabulary) + ", but the tokenizer knows " +
                         std::to_string(model.tokenizer->vocabulary_size()) + " tokens");
  }
  return model;
}

}  // namespace dream::model
