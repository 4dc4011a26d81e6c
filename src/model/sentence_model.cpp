#include "model/sentence_model.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "model/window.hpp"
#include "text/json_file.hpp"

namespace dream::model {
namespace {

namespace fs = std::filesystem;
using kernels::Pooling;
using nlohmann::json;
using text::json_value;

struct PoolingName {
  const char* name;  ///< `pooling_mode` of newer files
  const char* flag;  ///< a key of older ones
  Pooling pooling;
};
/// In the order in which several are put behind each other.
constexpr PoolingName pooling_names[] = {
    {"cls", "pooling_mode_cls_token", Pooling::first},
    {"max", "pooling_mode_max_tokens", Pooling::max},
    {"mean", "pooling_mode_mean_tokens", Pooling::mean},
    {"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", Pooling::mean_sqrt_length},
    {"weightedmean", "pooling_mode_weightedmean_tokens", Pooling::weighted_mean},
    {"lasttoken", "pooling_mode_lasttoken", Pooling::last}};

Pooling pooling_named(const json& name, const fs::path& path) {
  std::string known;
  for (const auto& row : pooling_names) {
    if (name == row.name) return row.pooling;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw ModelError(path.string(), "pooling_mode", "is " + name.dump() + "; this build supports " + known);
}

std::vector<Pooling> read_poolings(const json& config, const fs::path& path) {
  std::vector<Pooling> poolings;
  if (const auto modes = config.find("pooling_mode"); modes != config.end()) {
    if (!modes->is_array()) return {pooling_named(*modes, path)};
    for (const auto& mode : *modes) poolings.push_back(pooling_named(mode, path));
  } else {
    for (const auto& [key, value] : config.items()) {
      const auto is_key = [&wanted = key](const auto& row) { return wanted == row.flag; };
      if (key.starts_with("pooling_mode_") && value == true &&
          std::none_of(std::begin(pooling_names), std::end(pooling_names), is_key))
        throw ModelError(path.string(), key, "is true, a pooling that this build does not know");
    }
    for (const auto& row : pooling_names) {
      if (json_value(config, row.flag, false, path)) poolings.push_back(row.pooling);
    }
  }
  if (poolings.empty()) poolings.push_back(Pooling::mean);
  return poolings;
}

void read_pooling(const fs::path& path, SentenceModel& model) {
  const auto config = text::read_json(path);
  for (const char* key : {"word_embedding_dimension", "embedding_dimension"}) {
    const auto dimension = json_value<std::int64_t>(config, key, model.network.hidden, path);
    if (dimension != model.network.hidden) {
      throw ModelError(
          path.string(), key,
          "is " + std::to_string(dimension) + ", but hidden_size is " + std::to_string(model.network.hidden));
    }
  }
  model.poolings = read_poolings(config, path);
  model.pools_prompt = json_value(config, "include_prompt", true, path);
}

DenseModule read_dense(const fs::path& folder, std::int64_t inputs) {
  const auto path = folder / "config.json";
  const auto config = text::read_json(path);
  DenseModule dense{folder, json_value<std::int64_t>(config, "in_features", 0, path),
                    json_value<std::int64_t>(config, "out_features", 0, path),
                    json_value(config, "bias", true, path), Squash::none};
  if (dense.inputs != inputs) {
    throw ModelError(
        path.string(), "in_features",
        "is " + std::to_string(dense.inputs) + ", but " + std::to_string(inputs) + " numbers come in");
  }
  if (dense.outputs < 1 || dense.outputs > 1 << 16) {
    throw ModelError(path.string(), "out_features",
                     "is " + std::to_string(dense.outputs) + "; it must be 1 to 65536");
  }
  const auto name =
      json_value<std::string>(config, "activation_function", "torch.nn.modules.activation.Tanh", path);
  if (name.ends_with(".Tanh"))
    dense.squash = Squash::tanh;
  else if (!name.ends_with(".Identity"))
    throw ModelError(path.string(), "activation_function",
                     "is \"" + name + "\"; this build supports Tanh and Identity");
  const auto source = json_value<std::string>(config, "module_input_name", "sentence_embedding", path);
  if (source != "sentence_embedding" || json_value(config, "use_residual", false, path))
    throw ModelError(path.string(), source != "sentence_embedding" ? "module_input_name" : "use_residual",
                     "asks for a dense layer that this build does not know");
  return dense;
}

/// The folder of a module, which must lie in the model's own: the list comes from strangers.
fs::path module_folder(const fs::path& folder, const json& module, const fs::path& list) {
  const auto part = fs::path(json_value<std::string>(module, "path", "", list)).lexically_normal();
  if (part.is_absolute() || (!part.empty() && *part.begin() == ".."))
    throw ModelError(list.string(), part.string(), "is a module's folder outside of the model's");
  return part.empty() ? folder : folder / part;
}

/// One of the modules behind the encoder, where it stands in an order that we compute.
void read_module(const std::string& type, const fs::path& folder, const fs::path& list, std::size_t place,
                 bool is_last, SentenceModel& model) {
  const auto kind = type.substr(type.rfind('.') + 1);
  if (kind == "Pooling" && place == 1) return read_pooling(folder / "config.json", model);
  if (kind == "Dense" && place > 1) return model.dense.push_back(read_dense(folder, model.outputs()));
  if (kind == "Normalize" && place > 1 && is_last) return;
  throw ModelError(
      list.string(), type,
      "is module " + std::to_string(place + 1) +
          "; this build supports Transformer, Pooling, any number of Dense, Normalize, in this order");
}

std::string module_type(const json& module, const fs::path& list) {
  return json_value<std::string>(module, "type", "", list);
}

json read_modules(const fs::path& list) {
  if (!fs::exists(list)) return json::parse(R"([{"type": "Transformer"}])");
  auto modules = text::parse_json(text::read_model_file(list));
  const auto is_object = [](const json& module) { return module.is_object(); };
  if (!modules.is_array() || modules.empty() || !std::all_of(modules.begin(), modules.end(), is_object))
    throw ModelError(list.string(), "", "is no JSON list of modules");
  const auto first = module_type(modules.front(), list);
  if (first.substr(first.rfind('.') + 1) != "Transformer")
    throw ModelError(list.string(), first, "is module 1; this build supports Transformer there");
  return modules;
}

/// The prompt of the first of these names that there is, else the default one.
std::string prompt_of(const json& config, std::initializer_list<const char*> names, const fs::path& path) {
  const auto prompts = config.value("prompts", json::object());
  if (!prompts.is_object()) throw ModelError(path.string(), "prompts", "is no table of texts");
  for (const char* name : names) {
    if (prompts.contains(name)) return json_value<std::string>(prompts, name, "", path);
  }
  const auto name = json_value<std::string>(config, "default_prompt_name", "", path);
  if (name.empty()) return "";
  if (!prompts.contains(name))
    throw ModelError(path.string(), "default_prompt_name",
                     "is \"" + name + "\", which is not among the prompts");
  return json_value<std::string>(prompts, name.c_str(), "", path);
}

void read_prompts(const fs::path& path, SentenceModel& model) {
  if (!fs::exists(path)) return;
  const auto config = text::read_json(path);
  model.query_prompt = prompt_of(config, {"query"}, path);
  model.passage_prompt = prompt_of(config, {"document", "passage", "corpus"}, path);
}

}  // namespace

SentenceModel read_sentence_model(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw ModelError(folder.string(), "", "is no folder; give that of a Hugging Face model");
  const auto list = folder / "modules.json";
  const auto modules = read_modules(list);
  SentenceModel model;
  model.folder = module_folder(folder, modules.front(), list);
  model.network = read_network(model.folder / "config.json");
  for (std::size_t i = 1; i < modules.size(); ++i) {
    read_module(module_type(modules[i], list), module_folder(folder, modules[i], list), list, i,
                i + 1 == modules.size(), model);
  }
  model.text = text::load_model_tokenizer(model.folder);
  model.window = read_window(model.folder, model.network, model.text);
  read_prompts(folder / "config_sentence_transformers.json", model);
  return model;
}

std::int64_t SentenceModel::outputs() const {
  return dense.empty() ? network.hidden * static_cast<std::int64_t>(poolings.size()) : dense.back().outputs;
}

Head SentenceModel::head() const {
  std::vector<Dense> layers;
  for (const auto& module : dense) {
    layers.push_back(
        {copy_linear(WeightFiles(module.folder), "linear", module.outputs, module.inputs, module.bias),
         module.squash});
  }
  return {network.hidden, poolings, std::move(layers), true};
}

Digest SentenceModel::identity() const {
  Hasher hasher("model/sentence");
  hasher.add(network.identity()).add(static_cast<std::int64_t>(poolings.size()));
  for (const auto pooling : poolings) hasher.add(static_cast<std::int64_t>(pooling));
  hasher.add(pools_prompt ? 1 : 0).add(static_cast<std::int64_t>(dense.size()));
  for (const auto& module : dense) {
    hasher.add(WeightFiles(module.folder).digest())
        .add(module.inputs)
        .add(module.outputs)
        .add(module.bias ? 1 : 0)
        .add(static_cast<std::int64_t>(module.squash));
  }
  return hasher.finish();
}

}  // namespace dream::model
