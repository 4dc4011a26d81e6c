#include <algorithm>

#include "base/errors.hpp"
#include "kernels/api/numeric_class.hpp"
#include "model/encoder.hpp"
#include "model/parallel.hpp"
#include "model/sentence_model.hpp"
#include "stages/embed/rows.hpp"

namespace dream::embed {
namespace {

using kernels::Precision;

/// The precision to compute in: the wanted one, or for "auto" the fastest whose vectors serve retrieval as well as
/// float32's, which is bf16 where this numeric class has it.
Precision chosen(const std::string& wanted) {
  const auto bf16 = kernels::cpu::supports(Precision::bf16);
  if (wanted == "auto") return bf16 ? Precision::bf16 : Precision::fp32;
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (wanted != kernels::name_of(precision)) continue;
    if (kernels::cpu::supports(precision)) return precision;
    throw ConfigError("precision = \"" + wanted +
                      "\" needs AVX512-BF16 and AVX512-VNNI on every rank, and the ranks agreed on \"" +
                      kernels::cpu::numeric_class() + "\"; use \"auto\" or \"fp32\"");
  }
  throw ConfigError("precision = \"" + wanted + "\" is unknown; use auto, fp32, bf16 or int8");
}

/// Texts that are tokenised before any of them is encoded: enough to fill tiles well, few enough to hold in
/// memory.
constexpr std::size_t texts_at_a_time = 2048;

class Transformer final : public Embedder {
 public:
  Transformer(const Params& params, Precision precision, int threads) : threads_(threads), precision_(precision) {
    const std::filesystem::path folder = params.get<std::string>("path");
    auto model = model::read_sentence_model(folder);
    const auto wanted = params.get<std::int64_t>("max_tokens");
    if (wanted > model.network.positions) {
      throw ModelError((folder / "config.json").string(), "max_position_embeddings",
                       "is " + std::to_string(model.network.positions) +
                           ", less than max_tokens = " + std::to_string(wanted));
    }
    if (wanted > 0) model.window = wanted;
    tokenizer_ = model.tokenizer;
    window_ = model.window;
    dimension_ = static_cast<int>(model.network.hidden);
    query_prefix_ = params.get<std::string>("query_prefix");
    passage_prefix_ = params.get<std::string>("passage_prefix");
    const auto weights = std::make_shared<const model::SafeTensors>(model.weights);
    identity_ = identify(model, weights->digest());
    encoder_ = std::make_unique<model::Encoder>(model::EncoderWeights(model.network, weights),
                                                model::Head(model.pooling, dimension_), window_, threads, precision);
  }

  int dimension() const override { return dimension_; }
  int window_tokens() const override { return static_cast<int>(window_); }
  std::shared_ptr<const text::Tokenizer> tokenizer() const override { return tokenizer_; }
  Digest identity() const override { return identity_; }

  void embed(std::span<const std::string_view> texts, Role role, MatrixView<float> out,
             const Pulse& pulse) const override {
    DREAM_CHECK(out.rows == static_cast<std::int64_t>(texts.size()) && out.cols == dimension_,
                "the result has another shape");
    for (std::size_t from = 0; from < texts.size(); from += texts_at_a_time) {
      const auto part = texts.subspan(from, std::min(texts_at_a_time, texts.size() - from));
      const auto tokens = tokenise(part, role, pulse);
      std::vector<std::int32_t> ids;
      std::vector<std::int64_t> offsets{0};
      for (const auto& sequence : tokens) {
        ids.insert(ids.end(), sequence.begin(), sequence.end());
        offsets.push_back(static_cast<std::int64_t>(ids.size()));
      }
      const auto rows = static_cast<std::int64_t>(part.size());
      encoder_->encode({ids, offsets},
                       {out.data + static_cast<std::int64_t>(from) * out.cols, rows, out.cols}, pulse);
    }
  }

 private:
  using Ids = std::vector<std::int32_t>;

  Digest identify(const model::SentenceModel& model, const Digest& weights) const {
    const auto& network = model.network;
    return Hasher("embedder/transformer")
        .add(1)
        .add(weights)
        .add(tokenizer_->identity())
        .add(network.layers)
        .add(network.heads)
        .add(std::to_string(network.epsilon))
        .add(model.pooling == kernels::Pooling::mean ? "mean" : "first")
        .add(window_)
        .add(query_prefix_)
        .add(passage_prefix_)
        .add(kernels::name_of(precision_))
        .add(kernels::cpu::numeric_identity(precision_))
        .finish();
  }

  /// [CLS] tokens [SEP], cut to the window.
  Ids sequence(std::string_view text, const std::string& prefix) const {
    const auto tokens =
        prefix.empty() ? tokenizer_->encode(text) : tokenizer_->encode(prefix + std::string(text));
    const auto kept = std::min(tokens.size(), static_cast<std::size_t>(window_ - 2));
    Ids ids{tokenizer_->cls()};
    for (std::size_t i = 0; i < kept; ++i) ids.push_back(tokens[i].id);
    ids.push_back(tokenizer_->sep());
    return ids;
  }

  std::vector<Ids> tokenise(std::span<const std::string_view> texts, Role role, const Pulse& pulse) const {
    const auto& prefix = role == Role::query ? query_prefix_ : passage_prefix_;
    std::vector<Ids> result(texts.size());
    constexpr std::size_t run = 32;
    const auto runs = static_cast<std::int64_t>((texts.size() + run - 1) / run);
    model::parallel_for(runs, threads_, pulse, [&](int, std::int64_t item) {
      const auto first = static_cast<std::size_t>(item) * run;
      for (auto i = first; i < std::min(first + run, texts.size()); ++i)
        result[i] = sequence(texts[i], prefix);
    });
    return result;
  }

  int threads_;
  Precision precision_;
  int dimension_ = 0;
  std::int64_t window_ = 0;
  std::string query_prefix_;
  std::string passage_prefix_;
  std::shared_ptr<const text::WordPiece> tokenizer_;
  Digest identity_;
  std::unique_ptr<model::Encoder> encoder_;
};

std::unique_ptr<Embedder> make(const Params& params, int threads) {
  const auto precision = chosen(params.get<std::string>("precision"));
  const auto wanted = params.get<std::int64_t>("max_tokens");
  if (wanted == 1 || wanted == 2) {
    throw ConfigError("max_tokens = " + std::to_string(wanted) +
                      " leaves no room beside [CLS] and [SEP]; use 3 or more, or 0");
  }
  return std::make_unique<Transformer>(params, precision, std::max(threads, 1));
}

}  // namespace

EmbedderRow transformer_row() {
  return {{"transformer",
           "a BERT encoder from a Hugging Face folder (sentence-transformers), float32 on the CPU",
           {{.name = "path",
             .default_value = std::string(),
             .help = "folder with config.json, model.safetensors and the tokenizer",
             .required = true},
            {.name = "precision", .default_value = std::string("auto"), .help = "fp32, bf16, int8, or auto: bf16 where every rank has it, else fp32"},
            {.name = "max_tokens",
             .default_value = std::int64_t{0},
             .help = "longest input in tokens, [CLS] and [SEP] included; 0: the model's own",
             .min = 0},
            {.name = "query_prefix",
             .default_value = std::string(),
             .help = "put before every question, e.g. \"query: \""},
            {.name = "passage_prefix",
             .default_value = std::string(),
             .help = "put before every chunk, e.g. \"passage: \""}}},
          make};
}

}  // namespace dream::embed
