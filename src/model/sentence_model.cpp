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

std::int64_t read_window(const fs::path& folder, const Network& network, const text::WordPiece& tokenizer) {
  const auto path = folder / "sentence_bert_config.json";
  if (!fs::exists(path)) return network.positions;
  const auto config = text::read_json(path);
  if (json_value(config, "do_lower_case", false, path) && !tokenizer.rules().lowercase) {
    throw ModelError(path.string(), "do_lower_case",
                     "is true, but the tokenizer keeps capitals; this build leaves case to the tokenizer");
  }
  const auto window = json_value<std::int64_t>(config, "max_seq_length", network.positions, path);
  if (window < 3)
    throw ModelError(path.string(), "max_seq_length",
                     "is " + std::to_string(window) + "; it must be at least 3");
  return std::min(window, network.positions);
}

}  // namespace

SentenceModel read_sentence_model(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw ModelError(folder.string(), "", "is no folder; give that of a Hugging Face model");
  SentenceModel model;
  model.network = read_network(folder / "config.json");
  model.pooling = read_modules(folder, model.network.hidden);
  model.tokenizer = text::load_wordpiece(folder);
  model.window = read_window(folder, model.network, *model.tokenizer);
  model.weights = folder / "model.safetensors";
  if (!fs::exists(model.weights)) {
    throw ModelError(
        model.weights.string(), "",
        "is missing; other formats and weights in several files must be converted to one safetensors file");
  }
  if (model.tokenizer->vocabulary_size() > model.network.vocabulary) {
    throw ModelError((folder / "config.json").string(), "vocab_size",
                     "is " + std::to_string(model.network.vocabulary) + ", but the tokenizer knows " +
                         std::to_string(model.tokenizer->vocabulary_size()) + " tokens");
  }
  return model;
}

}  // namespace dream::model
