#include "model/network.hpp"

#include "base/errors.hpp"
#include "text/json_file.hpp"

namespace dream::model {
namespace {

namespace fs = std::filesystem;
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

}  // namespace

Network read_network(const fs::path& path) {
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
  Network network;
  network.layers = positive(config, "num_hidden_layers", 1000, path);
  network.hidden = positive(config, "hidden_size", 1 << 16, path);
  network.heads = positive(config, "num_attention_heads", 1 << 12, path);
  network.intermediate = positive(config, "intermediate_size", 1 << 20, path);
  network.vocabulary = positive(config, "vocab_size", 100'000'000, path);
  network.positions = positive(config, "max_position_embeddings", 1 << 20, path);
  network.types = positive(config, "type_vocab_size", 1 << 16, path);
  network.epsilon = json_value(config, "layer_norm_eps", 1e-12, path);
  if (network.hidden % (16 * network.heads) != 0) {
    throw ModelError(path.string(), "num_attention_heads",
                     std::to_string(network.heads) + " heads do not cut hidden_size " +
                         std::to_string(network.hidden) + " into multiples of 16, which the kernels need");
  }
  if (network.intermediate % 16 != 0)
    throw ModelError(path.string(), "intermediate_size", "is no multiple of 16, which the kernels need");
  return network;
}

}  // namespace dream::model
