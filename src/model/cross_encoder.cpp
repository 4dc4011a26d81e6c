#include "model/cross_encoder.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "kernels/api/numeric_class.hpp"
#include "model/window.hpp"
#include "text/json_file.hpp"

namespace dream::model {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using text::json_value;

/// Pairs that are tokenised before any of them is encoded.
constexpr std::size_t pairs_at_a_time = 1024;

/// Without this, a folder of an embedder would only be known by a tensor that it lacks.
void check_head(const json& config, const fs::path& path) {
  constexpr std::string_view head = "ForSequenceClassification";
  const auto names = config.find("architectures");
  if (names == config.end() || !names->is_array() || names->empty()) return;
  for (const auto& name : *names) {
    if (name.is_string() && name.get_ref<const std::string&>().ends_with(head)) return;
  }
  throw ModelError(path.string(), "architectures",
                   "is " + names->dump() +
                       ", which has no head that scores pairs; a reranker's folder holds a ..." +
                       std::string(head) + ", as a cross-encoder of sentence-transformers is");
}

std::int64_t read_labels(const json& config, const fs::path& path) {
  const auto names = config.find("id2label");
  const auto labels = names != config.end() && names->is_object()
                          ? static_cast<std::int64_t>(names->size())
                          : json_value<std::int64_t>(config, "num_labels", 2, path);
  if (labels < 1 || labels > 1 << 16)
    throw ModelError(path.string(), "num_labels", "is " + std::to_string(labels) + "; it must be 1 to 65536");
  return labels;
}

/// What the folder asks for, in its newer or older key, else a sigmoid where there is one score.
Squash read_squash(const json& config, std::int64_t labels, const fs::path& path) {
  const auto newer = config.value("sentence_transformers", json::object());
  auto name = json_value<std::string>(config, "sbert_ce_default_activation_function", "", path);
  if (newer.is_object()) name = json_value<std::string>(newer, "activation_fn", name, path);
  if (name.empty()) return labels == 1 ? Squash::sigmoid : Squash::none;
  if (name.ends_with(".Sigmoid")) return Squash::sigmoid;
  if (name.ends_with(".Identity")) return Squash::none;
  throw ModelError(path.string(), "activation_fn",
                   "is \"" + name + "\"; this build supports Sigmoid and Identity");
}

/// The first token's row goes through a dense layer with tanh, then through the classifier. BERT's dense
/// layer belongs to the encoder.
Head read_head(const Network& network, const WeightFiles& files, std::int64_t labels, Squash squash) {
  const auto c = network.hidden;
  const bool is_bert = network.family == Family::bert;
  std::vector<Dense> layers;
  layers.push_back(
      {copy_linear(files, is_bert ? "bert.pooler.dense" : "classifier.dense", c, c), Squash::tanh});
  layers.push_back({copy_linear(files, is_bert ? "classifier" : "classifier.out_proj", labels, c), squash});
  return {c, {kernels::Pooling::first}, std::move(layers), false};
}

std::int64_t specials_of(const text::SpecialTokens& special) {
  return static_cast<std::int64_t>(special.before.size() + special.between.size() + special.after.size());
}

}  // namespace

PairLengths cut_longest_first(std::int64_t a, std::int64_t b, std::int64_t most) {
  if (a + b <= most) return {a, b};
  auto shorter = std::min(a, b), longer = std::max(a, b);
  longer = std::max(shorter, most - shorter);
  if (shorter + longer > most) {
    shorter = most / 2;
    longer = most - shorter;
  }
  return a > b ? PairLengths{longer, shorter} : PairLengths{shorter, longer};
}

CrossEncoder::CrossEncoder(const fs::path& folder, int threads, kernels::Precision precision,
                           std::int64_t max_tokens) {
  const auto path = folder / "config.json";
  const auto config = text::read_json(path);
  check_head(config, path);
  const auto network = read_network(path);
  text_ = text::load_model_tokenizer(folder);
  window_ = read_window(folder, network, text_);
  if (max_tokens > network.positions) {
    throw ModelError(path.string(), "max_position_embeddings",
                     "allows " + std::to_string(network.positions) +
                         " tokens, less than max_tokens = " + std::to_string(max_tokens));
  }
  if (max_tokens > 0) window_ = max_tokens;
  labels_ = read_labels(config, path);
  const auto squash = read_squash(config, labels_, path);
  const auto least = specials_of(text_.special) + 2;
  if (window_ < least) {
    throw ModelError(
        path.string(), "max_position_embeddings",
        "leaves a window of " + std::to_string(window_) + " tokens; a pair needs " + std::to_string(least));
  }
  const auto files = std::make_shared<const WeightFiles>(folder);
  Hasher hasher("model/cross_encoder");
  hasher.add(1).add(files->digest()).add(network.identity()).add(text_.tokenizer->identity());
  for (const auto* ids : {&text_.special.before, &text_.special.between, &text_.special.after}) {
    hasher.add(static_cast<std::int64_t>(ids->size()));
    for (const auto id : *ids) hasher.add(id);
  }
  identity_ = hasher.add(window_)
                  .add(labels_)
                  .add(static_cast<std::int64_t>(squash))
                  .add(kernels::name_of(precision))
                  .add(kernels::cpu::numeric_identity(precision))
                  .finish();
  encoder_ = std::make_unique<const Encoder>(EncoderWeights(network, files),
                                             read_head(network, *files, labels_, squash), window_, threads,
                                             precision);
}

std::int64_t CrossEncoder::add_pair(const TextPair& pair, std::vector<std::int32_t>& ids) const {
  const auto& [before, between, after] = text_.special;
  const auto query = text_.tokenizer->encode(pair.query);
  const auto passage = text_.tokenizer->encode(pair.passage);
  const auto kept =
      cut_longest_first(static_cast<std::int64_t>(query.size()), static_cast<std::int64_t>(passage.size()),
                        window_ - specials_of(text_.special));
  const auto begin = ids.size();
  const auto add = [&](const std::vector<std::int32_t>& some) {
    ids.insert(ids.end(), some.begin(), some.end());
  };
  const auto add_tokens = [&](const std::vector<text::Token>& tokens, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) ids.push_back(tokens[static_cast<std::size_t>(i)].id);
  };
  add(before);
  add_tokens(query, kept.query);
  add(between);
  const auto first = ids.size() - begin;
  add_tokens(passage, kept.passage);
  add(after);
  return static_cast<std::int64_t>(first);
}

void CrossEncoder::score(std::span<const TextPair> pairs, MatrixView<float> out, const Pulse& pulse) const {
  DREAM_CHECK(out.rows == static_cast<std::int64_t>(pairs.size()) && out.cols == labels_,
              "the result has another shape");
  for (std::size_t from = 0; from < pairs.size(); from += pairs_at_a_time) {
    const auto part = pairs.subspan(from, std::min(pairs_at_a_time, pairs.size() - from));
    batch_.fill(std::ssize(part), encoder_->workers(), pulse,
                [&](std::int64_t i, std::vector<std::int32_t>& ids) {
                  return add_pair(part[static_cast<std::size_t>(i)], ids);
                });
    encoder_->encode(batch_.sequences(),
                     {out.data + static_cast<std::int64_t>(from) * out.cols, std::ssize(part), out.cols},
                     pulse);
  }
}

}  // namespace dream::model
