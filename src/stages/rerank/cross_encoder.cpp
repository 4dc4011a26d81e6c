#include "model/cross_encoder.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "model/folder_params.hpp"
#include "model/precision.hpp"
#include "stages/rerank/rows.hpp"

namespace dream::rerank {
namespace {

class CrossEncoder final : public Reranker {
 public:
  CrossEncoder(const std::filesystem::path& folder, kernels::Precision precision, std::int64_t max_tokens,
               int threads)
      : precision_(precision), encoder_(folder, threads, precision, max_tokens) {
    if (encoder_.labels() == 1) return;
    throw ModelError((folder / "config.json").string(), "id2label",
                     "names " + std::to_string(encoder_.labels()) + " labels; a reranker has one, its score");
  }

  Digest identity() const override { return encoder_.identity(); }
  std::string precision() const override { return std::string(kernels::name_of(precision_)); }

  std::int64_t weight_bytes() const override { return encoder_.weight_bytes(); }
  void place_weights(model::WeightMemory memory) override { encoder_.place_weights(std::move(memory)); }

  void score(std::span<const Pair> pairs, std::span<float> out, const Pulse& pulse) const override {
    DREAM_CHECK(out.size() == pairs.size(), "a score for each pair");
    std::vector<model::TextPair> texts;
    for (const auto& pair : pairs) texts.push_back({pair.query, pair.passage});
    encoder_.score(texts, {out.data(), static_cast<std::int64_t>(out.size()), 1}, pulse);
  }

 private:
  kernels::Precision precision_;
  model::CrossEncoder encoder_;
};

std::unique_ptr<Reranker> make(const Params& params, int threads) {
  const std::filesystem::path folder = params.get<std::string>("path");
  return std::make_unique<CrossEncoder>(folder, model::choose_precision(params.get<std::string>("precision")),
                                        params.get<std::int64_t>("max_tokens"), std::max(threads, 1));
}

}  // namespace

RerankerRow cross_encoder_row() {
  return {{"cross_encoder",
           "an encoder that reads question and chunk together, from a Hugging Face folder, on the CPU",
           model::folder_params("question and chunk together")},
          make};
}

}  // namespace dream::rerank
