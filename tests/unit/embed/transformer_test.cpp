#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "kernels/api/numeric_class.hpp"
#include "stages/embed/embedder.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_bert.hpp"

using namespace dream;
using embed::Role;

namespace {

using Texts = std::vector<std::string>;

Params params(const std::string& path, const std::string& precision = "auto") {
  return {{"path", path},
          {"precision", precision},
          {"max_tokens", std::int64_t{0}},
          {"query_prefix", std::string()},
          {"passage_prefix", std::string()}};
}

std::unique_ptr<embed::Embedder> minilm(int threads = 1, const std::string& precision = "fp32") {
  return embed::embedder_row("transformer")->make(params(test::minilm().string(), precision), threads);
}

std::vector<std::string> precisions() {
  if (kernels::cpu::supports(kernels::Precision::bf16)) return {"fp32", "bf16", "int8"};
  return {"fp32"};
}

Matrix embed_all(const embed::Embedder& embedder, const Texts& texts, Role role = Role::passage) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Matrix out(static_cast<std::int64_t>(texts.size()), embedder.dimension());
  embedder.embed(views, role, out.view(), no_pulse());
  return out;
}

Texts reference_texts() {
  Texts texts;
  std::ifstream file(test::data() / "minilm" / "vectors.jsonl");
  for (std::string line; std::getline(file, line);)
    texts.push_back(nlohmann::json::parse(line).get<std::string>());
  return texts;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// Every text alone, and all of them in several orders and batches on 1 and 3 threads.
void check_batches(const std::string& precision) {
  const auto texts = reference_texts();
  const auto one = minilm(1, precision);
  const auto three = minilm(3, precision);
  const auto together = embed_all(*three, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto alone = embed_all(*one, {texts[i]});
    BOOST_TEST(same_bits(alone.row(0), together.row(static_cast<std::int64_t>(i))), "text " << i << " alone");
  }
  std::mt19937 random(5);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::size_t> order(texts.size());
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), random);
    order.resize(order.size() - static_cast<std::size_t>(round) * 17);
    Texts shuffled;
    for (const auto i : order) shuffled.push_back(texts[i]);
    const auto out = embed_all(round == 0 ? *one : *three, shuffled);
    for (std::size_t i = 0; i < order.size(); ++i) {
      BOOST_TEST(
          same_bits(out.row(static_cast<std::int64_t>(i)), together.row(static_cast<std::int64_t>(order[i]))),
          "round " << round << ", text " << order[i]);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(vectors_are_those_of_sentence_transformers) {
  const auto texts = reference_texts();
  const auto bytes = read_file(test::data() / "minilm" / "vectors.f32");
  BOOST_REQUIRE(bytes.size() == texts.size() * 384 * sizeof(float));
  for (const auto& precision : precisions()) {
    const auto embedder = minilm(2, precision);
    BOOST_TEST(embedder->dimension() == 384);
    BOOST_TEST(embedder->window_tokens() == 256);
    const auto out = embed_all(*embedder, texts);
    const double bound = precision == "fp32" ? 0.999999 : precision == "bf16" ? 0.999 : 0.99;
    double least = 1;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::vector<float> expected(384);
      std::memcpy(expected.data(), bytes.data() + i * 384 * sizeof(float), 384 * sizeof(float));
      const auto row = out.row(static_cast<std::int64_t>(i));
      double cosine = 0, length = 0, worst = 0;
      for (std::size_t c = 0; c < 384; ++c) {
        cosine += double{row[c]} * expected[c];
        length += double{row[c]} * row[c];
        worst = std::max(worst, std::abs(double{row[c]} - expected[c]));
      }
      BOOST_TEST(std::abs(length - 1) < 1e-5);
      BOOST_TEST(cosine / std::sqrt(length) > bound, precision << ", text " << i << ": cosine " << cosine);
      if (precision == "fp32") BOOST_TEST(worst < 1e-5, "text " << i << ": off by " << worst);
      least = std::min(least, cosine / std::sqrt(length));
    }
    BOOST_TEST_MESSAGE(precision << ": least cosine: 1 - " << 1 - least);
  }
}

BOOST_AUTO_TEST_CASE(a_vector_does_not_depend_on_its_batch) {
  for (const auto& precision : precisions()) check_batches(precision);
}

BOOST_AUTO_TEST_CASE(a_vector_does_not_depend_on_its_batch_without_avx512) {
  // Read when the first kernel runs; CTest gives each case a process of its own.
  ::setenv("DREAM_MAX_CPU_ISA", "avx2", 1);
  check_batches("auto");  // fp32: no such class has another
}

namespace {

std::filesystem::path fresh() {
  static int count = 0;
  return test::folder() / ("t" + std::to_string(count++));
}

std::unique_ptr<embed::Embedder> make(const std::filesystem::path& folder, const char* key = "max_tokens",
                                      Value value = std::int64_t{0}) {
  auto p = params(folder.string());
  p.set(key, std::move(value));
  return embed::embedder_row("transformer")->make(p, 2);
}

}  // namespace

BOOST_AUTO_TEST_CASE(prefixes_belong_to_their_side) {
  const auto folder = test::TinyBert().write(fresh());
  const auto plain = make(folder);
  const auto prefixed = make(folder, "query_prefix", std::string("red "));
  BOOST_TEST(
      same_bits(embed_all(*prefixed, {"a b"}, Role::query).row(0), embed_all(*plain, {"red a b"}).row(0)));
  BOOST_TEST(
      same_bits(embed_all(*prefixed, {"a b"}, Role::passage).row(0), embed_all(*plain, {"a b"}).row(0)));
  BOOST_TEST(!same_bits(embed_all(*plain, {"a b"}).row(0), embed_all(*plain, {"red a b"}).row(0)));
}

BOOST_AUTO_TEST_CASE(prefixes_are_the_folders_own_unless_the_config_names_some) {
  const auto folder = test::TinyBert().write(fresh());
  test::TinyBert::put(folder / "config_sentence_transformers.json",
                      R"({"prompts": {"query": "red ", "document": "green "}})");
  const auto none = make(folder);  // "" in the config is no prefix
  const auto own = make(folder, "query_prefix", std::string("auto"));
  const auto all = make(folder, "passage_prefix", std::string("auto"));
  BOOST_TEST(same_bits(embed_all(*own, {"a b"}, Role::query).row(0), embed_all(*none, {"red a b"}).row(0)));
  BOOST_TEST(same_bits(embed_all(*own, {"a b"}).row(0), embed_all(*none, {"a b"}).row(0)));
  BOOST_TEST(same_bits(embed_all(*all, {"a b"}).row(0), embed_all(*none, {"green a b"}).row(0)));
  BOOST_TEST((own->identity() != none->identity()));
  BOOST_TEST((own->identity() == make(folder, "query_prefix", std::string("red "))->identity()));
}

BOOST_AUTO_TEST_CASE(a_prompt_may_be_left_out_of_the_pooling) {
  // With the last token's vector only [SEP] counts, with or without the prompt; of the mean, the prompt is a
  // part.
  const auto vectors = [](const char* pooling, bool with) {
    test::TinyBert bert;
    bert.pooling = {{"pooling_mode", pooling}, {"include_prompt", with}};
    return embed_all(*make(bert.write(fresh()), "passage_prefix", std::string("red green ")), {"a b", ""});
  };
  const auto counted = vectors("mean", true), left_out = vectors("mean", false),
             first = vectors("cls", false);
  BOOST_TEST(!same_bits(counted.row(0), left_out.row(0)));
  BOOST_TEST(!same_bits(first.row(0), left_out.row(0)));
  // Of an empty text only [SEP] is left: its mean and its first row are the same.
  BOOST_TEST(same_bits(first.row(1), left_out.row(1)));
}

BOOST_AUTO_TEST_CASE(texts_are_cut_at_the_window) {
  const auto folder = test::TinyBert().write(fresh());
  const auto model = make(folder);  // 16 tokens with [CLS] and [SEP]
  const std::string fourteen = "a b c a b c a b c a b c a b";
  BOOST_TEST(
      same_bits(embed_all(*model, {fourteen + " c red"}).row(0), embed_all(*model, {fourteen}).row(0)));
  BOOST_TEST(!same_bits(embed_all(*model, {"a " + fourteen}).row(0), embed_all(*model, {fourteen}).row(0)));
  const auto wider = make(folder, "max_tokens", std::int64_t{20});
  BOOST_TEST(wider->window_tokens() == 20);
  BOOST_TEST(
      !same_bits(embed_all(*wider, {fourteen + " c red"}).row(0), embed_all(*wider, {fourteen}).row(0)));
  BOOST_CHECK_THROW(make(folder, "max_tokens", std::int64_t{25}), ModelError);
  BOOST_CHECK_THROW(make(folder, "max_tokens", std::int64_t{2}), ConfigError);
}

BOOST_AUTO_TEST_CASE(an_empty_text_is_the_vector_of_cls_and_sep) {
  const auto model = make(test::TinyBert().write(fresh()));
  const auto out = embed_all(*model, {"", " ", "\x01"});
  double square = 0;
  for (const float v : out.row(0)) square += double{v} * v;
  BOOST_TEST(std::abs(square - 1) < 1e-5);
  BOOST_TEST(same_bits(out.row(0), out.row(1)));
  BOOST_TEST(same_bits(out.row(0), out.row(2)));
  BOOST_CHECK_NO_THROW(embed_all(*model, {}));
}

BOOST_AUTO_TEST_CASE(identity_is_content_and_parameters_not_place) {
  const auto folder = test::TinyBert().write(fresh());
  const auto same = make(folder)->identity();
  BOOST_TEST((make(test::TinyBert().write(fresh()))->identity() == same));
  BOOST_TEST((make(test::TinyBert(2).write(fresh()))->identity() != same));
  BOOST_TEST((make(folder, "query_prefix", std::string("q: "))->identity() != same));
  BOOST_TEST((make(folder, "passage_prefix", std::string("q: "))->identity() != same));
  BOOST_TEST((make(folder, "max_tokens", std::int64_t{12})->identity() != same));
  test::TinyBert first, words;
  first.pooling = {{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", false}};
  words.vocabulary[4] = "z";
  BOOST_TEST((make(first.write(fresh()))->identity() != same));
  test::TinyBert activation, epsilon, prompt;
  activation.config["hidden_act"] = "relu";
  epsilon.config["layer_norm_eps"] = 1e-7;
  prompt.pooling["include_prompt"] = false;
  for (const auto* other : {&activation, &epsilon, &prompt})
    BOOST_TEST((make(other->write(fresh()))->identity() != same));
  BOOST_TEST((make(words.write(fresh()))->identity() != same));
}

BOOST_AUTO_TEST_CASE(a_precision_that_does_not_run_is_an_error) {
  ::setenv("DREAM_MAX_CPU_ISA", "avx512", 1);
  const auto folder = test::TinyBert().write(fresh());
  BOOST_CHECK_NO_THROW(make(folder, "precision", std::string("fp32")));
  BOOST_CHECK_THROW(make(folder, "precision", std::string("bf16")), ConfigError);
  BOOST_CHECK_THROW(make(folder, "precision", std::string("int8")), ConfigError);
  BOOST_CHECK_THROW(make(folder, "precision", std::string("fp16")), ConfigError);
}

BOOST_AUTO_TEST_CASE(auto_is_bf16_where_it_runs_and_the_precision_is_part_of_the_identity) {
  const auto folder = test::TinyBert().write(fresh());
  const auto identity = [&](const char* precision) {
    return make(folder, "precision", std::string(precision))->identity();
  };
  if (!kernels::cpu::supports(kernels::Precision::bf16)) {
    BOOST_TEST((identity("auto") == identity("fp32")));
    return;
  }
  BOOST_TEST((identity("auto") == identity("bf16")));
  BOOST_TEST((identity("fp32") != identity("bf16")));
  BOOST_TEST((identity("int8") != identity("bf16")));
}
