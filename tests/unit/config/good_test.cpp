#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/config/catalog.hpp"

using namespace dream;
using namespace dream::config;

namespace {

LoadOptions options(std::vector<std::string> overrides = {}) {
  return {std::move(overrides), config::test::variables()};
}

Config load_full(std::vector<std::string> overrides = {}) {
  return load((dream::test::data() / "config" / "good" / "full.toml").string(), config::test::catalog(),
              options(std::move(overrides)));
}

const std::string smallest =
    "corpus.sources = ['d']\ngolden.file = 'g'\nmodels.e.kind = 'hash'\nmodels.l.kind = 'extractive'\n"
    "[space]\nmethod = 'overlap'\nembedder = 'e'\ntop_k = 4\nllm = 'l'\n";

Config load_smallest(std::vector<std::string> overrides = {}) {
  return load_text(smallest, "smallest.toml", config::test::catalog(), options(std::move(overrides)));
}

std::vector<std::string> canonical(const std::vector<Choice>& choices) {
  std::vector<std::string> texts;
  for (const auto& choice : choices) texts.push_back(choice.canonical());
  return texts;
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_arrive_in_their_fields) {
  const auto config = load_full();
  BOOST_TEST(config.sweep.name == "full");
  BOOST_TEST(config.sweep.seed == 3);
  BOOST_TEST(config.sweep.coordinator == "dedicated");
  BOOST_TEST(config.sweep.min_ranks == 3);
  BOOST_TEST(config.sweep.wall_hours == 1.5);
  BOOST_TEST(config.sweep.trace);
  BOOST_TEST(config.sweep.wall_margin_minutes == 2.0);
  BOOST_TEST(config.sweep.max_failed_documents == 1.0);
  BOOST_TEST(config.corpus.sources == std::vector<std::string>{"inputs/handbook"});
  BOOST_TEST(config.corpus.buckets == 128);
  BOOST_TEST(config.index.shards == 128);
  BOOST_TEST(config.index.factory == "HNSW32");
  BOOST_TEST(config.judge.llm == "qwen2.5");
  BOOST_TEST(config.chunking.tokenizer == "minilm");
  BOOST_TEST(config.objective.maximize == "faithfulness");
  BOOST_TEST(config.space.embedders == (std::vector<std::string>{"qwen2.5", "minilm"}));
  BOOST_TEST(config.space.top_k == (std::vector<std::int64_t>{8, 2}));
  BOOST_TEST(config.space.llms == std::vector<std::string>{"reader"});
  BOOST_TEST(config.space.rerankers == (std::vector<std::string>{"none", "cross"}));
  BOOST_TEST(config.space.rerank_from == 30);
}

BOOST_AUTO_TEST_CASE(keys_that_are_left_out_have_their_defaults) {
  const auto config = load_smallest();
  Config defaults;
  BOOST_TEST((config.sweep == defaults.sweep));
  BOOST_TEST((config.index == defaults.index));
  BOOST_TEST((config.judge == defaults.judge));
  BOOST_TEST((config.device == defaults.device));
  BOOST_TEST(config.corpus.buckets == 64);
  BOOST_TEST(config.space.rerankers == std::vector<std::string>{"none"});
  BOOST_TEST(config.space.rerank_from == 20);
  BOOST_TEST(canonical(config.space.methods) == std::vector<std::string>{"overlap(overlap = 0, size = 256)"});
  BOOST_TEST(config.model("e").params.canonical() == "dimension = 256");
}

BOOST_AUTO_TEST_CASE(methods_expand_in_the_order_of_file_row_and_values) {
  BOOST_TEST(canonical(load_full().space.methods) ==
                 (std::vector<std::string>{
                     "overlap(overlap = 0, size = 512)", "overlap(overlap = 32, size = 512)",
                     "overlap(overlap = 0, size = 256)", "overlap(overlap = 32, size = 256)",
                     "sentence_window(strict = false, window = 3)", "hierarchical(sizes = [1024, 256])",
                     "hierarchical(sizes = [512, 128])", "hierarchical(sizes = [64, 32])"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(models_are_complete_and_secrets_lie_apart) {
  const auto config = load_full();
  const auto& model = config.model("qwen2.5");
  BOOST_TEST(model.kind == "openai");
  BOOST_TEST(model.params.get<std::string>("model") == "q\"uoted\\ \xc3\xa9");
  BOOST_TEST(model.params.get<std::int64_t>("limits.in_flight") == 64);
  BOOST_TEST(model.params.get<std::int64_t>("limits.requests_per_minute") == 0);
  BOOST_TEST(model.params.get<double>("price.input") == 2.0);
  BOOST_TEST(!model.params.has("api_key"));
  BOOST_TEST(model.api_key.value == "sk-verysecret");
  BOOST_TEST(model.api_key.origin == "env LLM_API_KEY");
  BOOST_TEST(config.model("minilm").api_key.value == "");
}

BOOST_AUTO_TEST_CASE(a_secret_file_loses_its_line_end) {
  const auto file = (dream::test::folder() / "key").string();
  write_file(file, "sk-from-file\n");
  const auto config = load_smallest(
      {"models.r.kind=openai", "models.r.base_url=http://h", "models.r.api_key={ file = '" + file + "' }"});
  BOOST_TEST(config.model("r").api_key.value == "sk-from-file");
  BOOST_TEST(config.model("r").api_key.origin == "file " + file);
}

BOOST_AUTO_TEST_CASE(variables_are_replaced_and_escapes_are_not) {
  const auto config = load_full();
  BOOST_TEST(config.sweep.state == "inputs/state");
  BOOST_TEST(config.golden.file == "inputs/more/golden.csv");
  BOOST_TEST(config.sweep.output == "a ${plain} $ sign");
  BOOST_TEST(load_smallest({"sweep.name=$$${DATA}${DATA_2}$${"}).sweep.name == "$${DATA}more${");
}

BOOST_AUTO_TEST_CASE(overrides_replace_add_and_spell_words_bare) {
  const auto config =
      load_full({"golden.size=50", "sweep.search=grid", "golden.file=other.csv", "space.top_k=[1, 3]",
                 "models.minilm.dimension=32", "models.\"qwen2.5\".limits.in_flight=5", "device.threads = 3",
                 "sweep.name=\"a # b\"", "sweep.seed=1", "sweep.seed=2"});
  BOOST_TEST(config.golden.size == 50);
  BOOST_TEST(config.golden.file == "other.csv");
  BOOST_TEST(config.sweep.search.canonical() == "grid()");
  BOOST_TEST(config.space.top_k == (std::vector<std::int64_t>{1, 3}));
  BOOST_TEST(config.model("minilm").params.get<std::int64_t>("dimension") == 32);
  BOOST_TEST(config.model("qwen2.5").params.get<std::int64_t>("limits.in_flight") == 5);
  BOOST_TEST(config.device.threads == 3);
  BOOST_TEST(config.sweep.name == "a # b");
  BOOST_TEST(config.sweep.seed == 2);
}

BOOST_AUTO_TEST_CASE(a_name_alone_has_the_defaults_of_its_row) {
  BOOST_TEST(load_smallest({"sweep.search=random"}).sweep.search.canonical() ==
             "random(share = 0.5, trials = 10)");
  BOOST_TEST(load_full().sweep.search.canonical() == "random(share = 0.5, trials = 4)");
}

BOOST_AUTO_TEST_CASE(zero_stands_for_no_limit_below_a_range) {
  // requests_per_minute: default 0, smallest 1. Writing the default is as good as leaving it out.
  const std::vector<std::string> model{"models.r.kind=openai", "models.r.base_url=http://h"};
  auto zero = model;
  zero.push_back("models.r.limits.requests_per_minute=0");
  BOOST_TEST((load_smallest(zero) == load_smallest(model)));
}
