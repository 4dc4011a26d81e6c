#include <algorithm>
#include <cmath>

#include "base/errors.hpp"
#include "model/workers.hpp"
#include "stages/embed/rows.hpp"
#include "text/bert_words.hpp"

// Signed feature hashing (Weinberger et al. 2009): a text is the sum of its features, each at a place and
// with a sign that its hash decides, so that the dot product of two texts estimates what they share. Features
// are words, pairs of neighbouring words, and the character n-grams of words, which let inflected and
// misspelt words meet. Only sums, products and square roots in double: the vectors are the same bits on every
// machine.
namespace dream::embed {
namespace {

struct Feature {
  std::uint64_t hash;
  double weight;
};

/// A bijection that spreads every bit over all (the finaliser of SplitMix64).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

std::uint64_t hash_of(std::string_view bytes, std::uint64_t start) {
  std::uint64_t h = start ^ 0xCBF29CE484222325ULL;
  for (const char byte : bytes) h = (h ^ static_cast<unsigned char>(byte)) * 0x100000001B3ULL;
  return mix(h);
}

/// Where the characters of a word begin, and its end.
std::vector<std::size_t> boundaries(std::string_view word) {
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((static_cast<unsigned char>(word[i]) & 0xC0) != 0x80) at.push_back(i);
  }
  at.push_back(word.size());
  return at;
}

class Hashed final : public Embedder {
 public:
  Hashed(int dimension, std::int64_t seed, int threads)
      : dimension_(dimension),
        seed_(seed),
        start_(mix(static_cast<std::uint64_t>(seed) + 1)),
        workers_(threads) {}

  int dimension() const override { return dimension_; }
  int window_tokens() const override { return 0; }
  std::shared_ptr<const text::Tokenizer> tokenizer() const override { return nullptr; }
  Digest identity() const override {
    return Hasher("embedder/hash").add(1).add(dimension_).add(seed_).finish();
  }

  void embed(std::span<const std::string_view> texts, Role, MatrixView<float> out,
             const Pulse& pulse) const override {
    DREAM_CHECK(out.rows == static_cast<std::int64_t>(texts.size()) && out.cols == dimension_,
                "the result has another shape");
    constexpr std::size_t run = 64;
    const auto runs = static_cast<std::int64_t>((texts.size() + run - 1) / run);
    workers_.for_each(runs, pulse, [&](int, std::int64_t item) {
      const auto first = static_cast<std::size_t>(item) * run;
      for (auto i = first; i < std::min(first + run, texts.size()); ++i)
        embed_one(texts[i], out.row(static_cast<std::int64_t>(i)));
    });
  }

 private:
  [[nodiscard]] std::vector<Feature> features(std::string_view text) const {
    std::vector<Feature> found;
    std::uint64_t before = 0;
    const auto visit = [&](const text::BertWord& word) {
      if (text::split(text::decode(word.bytes, 0).value) == text::BertClass::punctuation) return;
      add_word(word.bytes, found, before);
    };
    constexpr text::BertRules rules;
    text::BertWords words(rules, longest_word, visit);
    words.run(text, 0, text.size());
    return found;
  }

  void add_word(std::string_view word, std::vector<Feature>& found, std::uint64_t& before) const {
    const auto whole = hash_of(word, start_);
    const auto at = boundaries(word);
    const auto characters = at.size() - 1;
    const bool ideograph = characters == 1 && word.size() >= 3;
    // Short words are mostly function words, in all languages that have them; there is no corpus here to
    // count in. These weights and those of pairs and grams were chosen by recall on SQuAD in seven languages.
    const double weight = ideograph         ? 0.7
                          : characters <= 2 ? 0.1
                          : characters == 3 ? 0.25
                          : characters == 4 ? 0.7
                                            : 1.0;
    found.push_back({whole, weight});
    if (before != 0) found.push_back({mix(before * 31 + whole), pair_weight * (ideograph ? 1.4 : weight)});
    before = whole;
    const std::string marked = "\x01" + std::string(word) + "\x02";
    const auto edges = boundaries(marked);
    for (std::size_t n = 3; n <= 5; ++n) {
      for (std::size_t i = 0; i + n < edges.size(); ++i) {
        const auto gram = std::string_view(marked).substr(edges[i], edges[i + n] - edges[i]);
        found.push_back(
            {hash_of(gram, start_ ^ n), gram_weight * weight / std::sqrt(static_cast<double>(characters))});
      }
    }
  }

  void embed_one(std::string_view text, std::span<float> out) const {
    auto found = features(text);
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
    std::vector<double> sums(out.size());
    for (std::size_t i = 0; i < found.size();) {
      auto next = i;
      while (next < found.size() && found[next].hash == found[i].hash) ++next;
      // A word that comes n times counts as the root of n: repetition says less each time.
      const double value = found[i].weight * std::sqrt(static_cast<double>(next - i));
      const auto place = static_cast<std::size_t>((found[i].hash >> 1) % out.size());
      sums[place] += (found[i].hash & 1) != 0 ? value : -value;
      i = next;
    }
    double square = 0;
    for (const double v : sums) square += v * v;
    // A text without a word (or one whose features cancel) is the first unit vector.
    if (square < 1e-24) {
      std::fill(sums.begin(), sums.end(), 0.0);
      sums[0] = square = 1;
    }
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<float>(sums[i] / std::sqrt(square));
  }

  static constexpr std::int64_t longest_word = 64;
  static constexpr double pair_weight = 0.2;
  static constexpr double gram_weight = 1.5;

  int dimension_;
  std::int64_t seed_;
  std::uint64_t start_;
  mutable model::Workers workers_;  ///< embed() is called from one thread
};

std::unique_ptr<Embedder> make(const Params& params, const model::Compute& compute) {
  return std::make_unique<Hashed>(static_cast<int>(params.get<std::int64_t>("dimension")),
                                  params.get<std::int64_t>("seed"), std::max(compute.threads, 1));
}

}  // namespace

EmbedderRow hash_row() {
  return {{"hash",
           "hashed words, word pairs and character n-grams: needs no model, finds texts that share words",
           {{.name = "dimension",
             .default_value = std::int64_t{384},
             .help = "length of a vector",
             .min = 16,
             .max = 65536},
            {.name = "seed", .default_value = std::int64_t{0}, .help = "of the hash function"}}},
          make};
}

}  // namespace dream::embed
