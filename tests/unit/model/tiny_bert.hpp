#pragma once
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

/// A BERT of a few thousand weights, so that most tests of the encoder need no model: the folder as Hugging
/// Face would write it, with hooks to break it.
namespace dream::test {

struct TinyTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct TinyBert {
  std::int64_t layers = 2, hidden = 32, heads = 2, intermediate = 48, positions = 24;
  std::vector<std::string> vocabulary{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a",   "b",
                                      "c",     "red",   "green", "blue",  "##s", "."};
  nlohmann::json config, modules, pooling, sentence;
  std::map<std::string, TinyTensor> tensors;

  explicit TinyBert(std::uint32_t seed = 1) {
    config = {{"model_type", "bert"},
              {"architectures", {"BertModel"}},
              {"hidden_act", "gelu"},
              {"layer_norm_eps", 1e-12},
              {"num_hidden_layers", layers},
              {"hidden_size", hidden},
              {"num_attention_heads", heads},
              {"intermediate_size", intermediate},
              {"vocab_size", vocabulary.size()},
              {"max_position_embeddings", positions},
              {"type_vocab_size", 2},
              {"position_embedding_type", "absolute"}};
    modules =
        nlohmann::json::parse(R"([{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
      {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
      {"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])");
    pooling = {{"word_embedding_dimension", hidden},
               {"pooling_mode_cls_token", false},
               {"pooling_mode_mean_tokens", true}};
    sentence = {{"max_seq_length", 16}, {"do_lower_case", false}};
    std::mt19937 random(seed);
    const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, float center = 0) {
      TinyTensor tensor{std::move(shape), {}};
      std::int64_t size = 1;
      for (const auto n : tensor.shape) size *= n;
      for (std::int64_t i = 0; i < size; ++i)
        tensor.values.push_back(center + (static_cast<float>(random()) / 2147483648.0F - 1) * 0.5F);
      tensors[name] = std::move(tensor);
    };
    const auto linear = [&](const std::string& name, std::int64_t n, std::int64_t k) {
      add(name + ".weight", {n, k});
      add(name + ".bias", {n});
    };
    const auto norm = [&](const std::string& name) {
      add(name + ".weight", {hidden}, 1);
      add(name + ".bias", {hidden});
    };
    add("embeddings.word_embeddings.weight", {static_cast<std::int64_t>(vocabulary.size()), hidden});
    add("embeddings.position_embeddings.weight", {positions, hidden});
    add("embeddings.token_type_embeddings.weight", {2, hidden});
    norm("embeddings.LayerNorm");
    for (std::int64_t i = 0; i < layers; ++i) {
      const auto at = "encoder.layer." + std::to_string(i) + ".";
      for (const char* part : {"query", "key", "value"})
        linear(at + "attention.self." + part, hidden, hidden);
      linear(at + "attention.output.dense", hidden, hidden);
      linear(at + "intermediate.dense", intermediate, hidden);
      linear(at + "output.dense", hidden, intermediate);
      norm(at + "attention.output.LayerNorm");
      norm(at + "output.LayerNorm");
    }
  }

  [[nodiscard]] static std::string safetensors(const nlohmann::json& header, const std::string& data) {
    const auto text = header.dump();
    const std::uint64_t size = text.size();
    std::string bytes(sizeof size, '\0');
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes + text + data;
  }

  [[nodiscard]] std::string weights() const {
    nlohmann::json header;
    std::string data;
    for (const auto& [name, tensor] : tensors) {
      const auto begin = data.size();
      data.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
      header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
    }
    return safetensors(header, data);
  }

  static void put(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  /// Writes the folder and returns it.
  std::filesystem::path write(const std::filesystem::path& folder) const {
    std::filesystem::create_directories(folder / "1_Pooling");
    put(folder / "config.json", config.dump());
    put(folder / "modules.json", modules.dump());
    put(folder / "1_Pooling" / "config.json", pooling.dump());
    put(folder / "sentence_bert_config.json", sentence.dump());
    std::string list;
    for (const auto& word : vocabulary) list += word + "\n";
    put(folder / "vocab.txt", list);
    put(folder / "model.safetensors", weights());
    return folder;
  }
};

}  // namespace dream::test
