#pragma once
#include "tests/unit/model/tiny_bert.hpp"

namespace dream::test {

/// As BertForSequenceClassification writes it: the encoder under "bert.", a pooler and a classifier.
struct TinyCross : TinyBert {
  explicit TinyCross(std::int64_t labels = 1) {
    const auto bare = std::move(tensors);
    tensors.clear();
    for (const auto& [name, tensor] : bare) tensors["bert." + name] = tensor;
    config["architectures"] = {"BertForSequenceClassification"};
    std::mt19937 random(9);
    const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
      TinyTensor tensor{std::move(shape), {}};
      std::int64_t size = 1;
      for (const auto n : tensor.shape) size *= n;
      for (std::int64_t i = 0; i < size; ++i)
        tensor.values.push_back(static_cast<float>(random()) / 2147483648.0F - 1);
      tensors[name] = std::move(tensor);
    };
    add("bert.pooler.dense.weight", {hidden, hidden});
    add("bert.pooler.dense.bias", {hidden});
    add("classifier.weight", {labels, hidden});
    add("classifier.bias", {labels});
    for (std::int64_t i = 0; i < labels; ++i) config["id2label"][std::to_string(i)] = "l";
  }
};

}  // namespace dream::test
