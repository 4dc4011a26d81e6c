#include "model/network.hpp"

#include "base/errors.hpp"
#include "base/params.hpp"
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

struct Kind {
  const char* type;  ///< model_type in config.json
  Family family;
};
constexpr Kind kinds[] = {{"bert", Family::bert},
                          {"roberta", Family::roberta},
                          {"xlm-roberta", Family::roberta},
                          {"camembert", Family::roberta},
                          {"mpnet", Family::mpnet}};

Family read_family(const json& config, const fs::path& path) {
  const auto type = json_value<std::string>(config, "model_type", "", path);
  std::string known;
  for (const auto& kind : kinds) {
    if (type == kind.type) return kind.family;
    known += (known.empty() ? "" : ", ") + std::string(kind.type);
  }
  const auto names = config.find("architectures");
  const auto architecture = names != config.end() && names->is_array() && !names->empty()
                                ? names->front().dump()
                                : std::string("none");
  throw ModelError(path.string(), "model_type",
                   "is \"" + type + "\" (architecture " + architecture +
                       "), which this build does not know; supported: " + known);
}

kernels::Activation read_activation(const json& config, const fs::path& path) {
  using kernels::Activation;
  const auto name = json_value<std::string>(config, "hidden_act", "gelu", path);
  if (name == "gelu") return Activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  if (name == "relu") return Activation::relu;
  throw ModelError(path.string(), "hidden_act",
                   "is \"" + name + "\"; this build supports gelu, gelu_new, gelu_pytorch_tanh and relu");
}

/// Refuses settings that would make another network than the one that we compute.
void check_settings(const json& config, const fs::path& path) {
  const auto place = json_value<std::string>(config, "position_embedding_type", "absolute", path);
  if (place != "absolute")
    throw ModelError(path.string(), "position_embedding_type",
                     "is \"" + place + "\"; this build supports absolute");
  if (json_value(config, "is_decoder", false, path))
    throw ModelError(path.string(), "is_decoder", "is true; this build supports encoders only");
}

void check_sizes(const Network& network, const fs::path& path) {
  if (network.hidden % (16 * network.heads) != 0) {
    throw ModelError(path.string(), "num_attention_heads",
                     std::to_string(network.heads) + " heads do not cut hidden_size " +
                         std::to_string(network.hidden) + " into multiples of 16, which the kernels need");
  }
  if (network.intermediate % 16 != 0)
    throw ModelError(
        path.string(), "intermediate_size",
        "is " + std::to_string(network.intermediate) + ", no multiple of 16, which the kernels need");
}

}  // namespace

Network read_network(const fs::path& path) {
  const auto config = text::read_json(path);
  Network network;
  network.family = read_family(config, path);
  check_settings(config, path);
  network.activation = read_activation(config, path);
  network.layers = positive(config, "num_hidden_layers", 1000, path);
  network.hidden = positive(config, "hidden_size", 1 << 16, path);
  network.heads = positive(config, "num_attention_heads", 1 << 12, path);
  network.intermediate = positive(config, "intermediate_size", 1 << 20, path);
  network.vocabulary = positive(config, "vocab_size", 100'000'000, path);
  network.positions = positive(config, "max_position_embeddings", 1 << 20, path);
  network.epsilon = json_value(config, "layer_norm_eps", 1e-12, path);
  if (network.family == Family::mpnet) {
    network.distance_buckets = json_value<std::int64_t>(config, "relative_attention_num_buckets", 32, path);
    if (network.distance_buckets < 4 || network.distance_buckets > 1 << 16)
      throw ModelError(path.string(), "relative_attention_num_buckets",
                       "is " + std::to_string(network.distance_buckets) + "; it must be 4 to 65536");
  } else {
    network.types = positive(config, "type_vocab_size", 1 << 16, path);
  }
  if (network.family != Family::bert) {
    // These models keep the rows up to that of the padding token free.
    const auto padding =
        network.family == Family::mpnet ? 1 : json_value<std::int64_t>(config, "pad_token_id", 1, path);
    if (padding < 0 || padding + 1 >= network.positions)
      throw ModelError(path.string(), "pad_token_id",
                       "is " + std::to_string(padding) + ", which leaves none of the " +
                           std::to_string(network.positions) + " positions");
    network.first_position = padding + 1;
    network.positions -= network.first_position;
  }
  check_sizes(network, path);
  return network;
}

Digest Network::identity() const {
  return Hasher("network")
      .add(static_cast<std::int64_t>(family))
      .add(layers)
      .add(hidden)
      .add(heads)
      .add(intermediate)
      .add(vocabulary)
      .add(positions)
      .add(first_position)
      .add(types)
      .add(distance_buckets)
      .add(to_text(epsilon))
      .add(static_cast<std::int64_t>(activation))
      .finish();
}

}  // namespace dream::model
