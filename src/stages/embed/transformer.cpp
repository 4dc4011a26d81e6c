#include <algorithm>
#include <array>
#include <future>

#include "base/errors.hpp"
#include "kernels/api/numeric_class.hpp"
#include "model/accelerated_encoder.hpp"
#include "model/encoder.hpp"
#include "model/folder_params.hpp"
#include "model/precision.hpp"
#include "model/sentence_model.hpp"
#include "model/sequence_batch.hpp"
#include "stages/embed/rows.hpp"

namespace dream::embed {
namespace {

/// Texts that are tokenised before any of them is encoded: enough to fill tiles well, few enough to hold in
/// memory.
constexpr std::size_t texts_at_a_time = 2048;

class Transformer final : public Embedder {
 public:
  Transformer(const Params& params, const model::Compute& compute) {
    const std::filesystem::path folder = params.get<std::string>("path");
    const auto model = model::read_sentence_model(folder);
    text_ = model.text;
    window_ = choose_window(params.get<std::int64_t>("max_tokens"), model);
    dimension_ = static_cast<int>(model.outputs());
    query_ = read_prompt(params, "query_prefix", model.query_prompt, model.pools_prompt);
    passage_ = read_prompt(params, "passage_prefix", model.passage_prompt, model.pools_prompt);
    const auto files = std::make_shared<const model::WeightFiles>(model.folder);
    const auto numbers = make_encoder(params, model, files, compute);
    identity_ = identify(model, files->digest(), numbers);
  }

  int dimension() const override { return dimension_; }
  int window_tokens() const override { return static_cast<int>(window_); }
  std::shared_ptr<const text::Tokenizer> tokenizer() const override { return text_.tokenizer; }
  Digest identity() const override { return identity_; }
  std::string precision() const override { return precision_; }

  std::int64_t weight_bytes() const override { return encoder_->weight_bytes(); }
  void place_weights(model::WeightMemory memory) override { encoder_->place_weights(std::move(memory)); }
  model::DeviceBytes device_bytes() const override { return encoder_->device_bytes(); }
  void load() override { encoder_->load(); }

  /// While an accelerator computes, the threads tokenise what it gets next.
  void embed(std::span<const std::string_view> texts, Role role, MatrixView<float> out,
             const Pulse& pulse) const override {
    DREAM_CHECK(out.rows == static_cast<std::int64_t>(texts.size()) && out.cols == dimension_,
                "the result has another shape");
    const auto& prompt = role == Role::query ? query_ : passage_;
    const auto tokenise = [&](model::SequenceBatch& batch, std::size_t from, const Pulse& its_pulse) {
      const auto part = texts.subspan(from, std::min(texts_at_a_time, texts.size() - from));
      batch.fill(std::ssize(part), encoder_->workers(), its_pulse,
                 [&](std::int64_t i, std::vector<std::int32_t>& ids) {
                   return add_sequence(part[static_cast<std::size_t>(i)], prompt.text, ids);
                 });
    };
    const bool ahead = encoder_->leaves_workers_free();
    auto *batch = batches_.data(), *other = ahead ? batch + 1 : batch;
    for (std::size_t from = 0; from < texts.size(); from += texts_at_a_time) {
      const auto next = from + texts_at_a_time;
      if (from == 0 || !ahead) tokenise(*batch, from, pulse);
      std::future<void> done;
      if (ahead && next < texts.size())
        done = std::async(std::launch::async, [&] { tokenise(*other, next, no_pulse()); });
      const auto sequences = batch->sequences(prompt.passed_over);
      encoder_->encode(sequences,
                       {out.row(static_cast<std::int64_t>(from)).data(), sequences.size(), out.cols}, pulse);
      if (done.valid()) done.get();
      std::swap(batch, other);
    }
  }

 private:
  /// What stands before every text of one side.
  struct Prompt {
    std::string text;
    std::int64_t passed_over = 0;  ///< first tokens of a sequence that the pooling leaves out
  };

  std::int64_t specials() const {
    return static_cast<std::int64_t>(text_.special.before.size() + text_.special.after.size());
  }

  std::int64_t choose_window(std::int64_t wanted, const model::SentenceModel& model) const {
    if (wanted == 0) return model.window;
    if (wanted > model.network.positions) {
      throw ModelError((model.folder / "config.json").string(), "max_position_embeddings",
                       "allows " + std::to_string(model.network.positions) +
                           " tokens, less than max_tokens = " + std::to_string(wanted));
    }
    if (wanted <= specials()) {
      throw ConfigError("max_tokens = " + std::to_string(wanted) + " leaves no room beside the " +
                        std::to_string(specials()) + " special tokens; use " +
                        std::to_string(specials() + 1) + " or more, or 0");
    }
    return wanted;
  }

  Prompt read_prompt(const Params& params, const char* key, const std::string& own, bool pooled) const {
    const auto& wanted = params.get<std::string>(key);
    Prompt prompt{wanted == "auto" ? own : wanted};
    if (!pooled && !prompt.text.empty()) {
      // All but the closing special token, as sentence-transformers counts.
      prompt.passed_over = text_.tokenizer->count(prompt.text) + specials() - 1;
    }
    return prompt;
  }

  /// Returns all that decides the bits of its numbers.
  std::string make_encoder(const Params& params, const model::SentenceModel& model,
                           const std::shared_ptr<const model::WeightFiles>& files,
                           const model::Compute& compute) {
    const auto& wanted = params.get<std::string>("precision");
    model::EncoderWeights weights(model.network, files);
    if (!compute.accelerator) {
      const auto precision = model::choose_precision(wanted);
      precision_ = kernels::name_of(precision);
      encoder_ = std::make_unique<model::Encoder>(std::move(weights), model.head(), window_,
                                                  std::max(compute.threads, 1), precision);
      return kernels::cpu::numeric_identity(precision);
    }
    const auto element = model::choose_element(wanted);
    precision_ = name_of(element);
    auto encoder = std::make_unique<model::AcceleratedEncoder>(std::move(weights), model.head(), window_,
                                                               element, compute);
    auto numbers = "device kernels " + std::to_string(kernels::device_kernels_version) + " in batches of " +
                   std::to_string(encoder->rows()) + ": " + compute.accelerator->numeric_class();
    encoder_ = std::move(encoder);
    return numbers;
  }

  Digest identify(const model::SentenceModel& model, const Digest& weights,
                  const std::string& numbers) const {
    Hasher hasher("embedder/transformer");
    hasher.add(2).add(weights).add(model.identity()).add(text_.tokenizer->identity());
    for (const auto* ids : {&text_.special.before, &text_.special.after}) {
      hasher.add(static_cast<std::int64_t>(ids->size()));
      for (const auto id : *ids) hasher.add(id);
    }
    return hasher.add(window_).add(query_.text).add(passage_.text).add(precision_).add(numbers).finish();
  }

  /// Special tokens around those of the text, which are cut so that all fit into the window. Returns their
  /// number.
  std::int64_t add_sequence(std::string_view text, const std::string& prefix,
                            std::vector<std::int32_t>& ids) const {
    const auto& tokenizer = *text_.tokenizer;
    const auto tokens =
        prefix.empty() ? tokenizer.encode(text) : tokenizer.encode(prefix + std::string(text));
    const auto kept = std::min(std::ssize(tokens), window_ - specials());
    ids.insert(ids.end(), text_.special.before.begin(), text_.special.before.end());
    for (std::int64_t i = 0; i < kept; ++i) ids.push_back(tokens[static_cast<std::size_t>(i)].id);
    ids.insert(ids.end(), text_.special.after.begin(), text_.special.after.end());
    return kept + specials();
  }

  std::string precision_;
  int dimension_ = 0;
  std::int64_t window_ = 0;
  Prompt query_, passage_;
  text::ModelTokenizer text_;
  Digest identity_;
  std::unique_ptr<model::SequenceEncoder> encoder_;
  mutable std::array<model::SequenceBatch, 2> batches_;  ///< embed() is called from one thread
};

std::unique_ptr<Embedder> make(const Params& params, const model::Compute& compute) {
  return std::make_unique<Transformer>(params, compute);
}

}  // namespace

EmbedderRow transformer_row() {
  auto params = model::folder_params("input");
  params.push_back({.name = "query_prefix",
                    .default_value = std::string("auto"),
                    .help = "put before every question, e.g. \"query: \"; auto: as the model's folder says"});
  params.push_back({.name = "passage_prefix",
                    .default_value = std::string("auto"),
                    .help = "put before every chunk, e.g. \"passage: \"; auto: as the model's folder says"});
  return {{"transformer", "an encoder (BERT, RoBERTa, XLM-R, MPNet) from a Hugging Face folder",
           std::move(params)},
          make};
}

}  // namespace dream::embed
