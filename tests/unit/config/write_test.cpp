#include "config/write.hpp"

#include "tests/support/test.hpp"
#include "tests/unit/config/catalog.hpp"

using namespace dream;
using namespace dream::config;

namespace {

const LoadOptions options{{}, config::test::variables()};

Config full() {
  return load((dream::test::data() / "config" / "good" / "full.toml").string(), config::test::catalog(),
              options);
}

Config again(const Config& config) {
  return load_text(to_toml(config), config.file, config::test::catalog(), options);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_written_reads_back_equal) {
  auto config = full();
  BOOST_TEST((again(config) == config));
  config.sweep.name = "\"\\ \n\t\x01\x7f ${x} $${y} $$${ \xc3\xa9 '";
  config.sweep.max_failed_documents = 1.0 / 3;
  config.models.at("qwen2.5").params.set("price.input", 1e-300);
  BOOST_TEST((again(config) == config));
  BOOST_TEST(again(config).sweep.name == config.sweep.name);
}

BOOST_AUTO_TEST_CASE(what_is_written_holds_the_origin_of_a_secret_and_not_the_secret) {
  const auto text = to_toml(full());
  BOOST_TEST(text.find("sk-verysecret") == std::string::npos);
  BOOST_TEST(text.find("api_key = { env = \"LLM_API_KEY\" }") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_trial_keeps_the_settings_and_only_its_models) {
  const auto config = full();
  const auto one = only(config, {config.space.methods.at(1), "minilm", "none", 2, "reader", "words"});
  BOOST_TEST((again(one) == one));
  BOOST_TEST(one.space.methods.size() == 1u);
  BOOST_TEST((one.space.methods.at(0) == config.space.methods.at(1)));
  BOOST_TEST(one.space.top_k == std::vector<std::int64_t>{2});
  BOOST_TEST(one.judge.embedder == "qwen2.5");  // the first of the sweep, no longer the first here
  BOOST_TEST(one.chunking.tokenizer == "words");
  BOOST_TEST(one.models.size() == 3u);
  BOOST_TEST(one.space.rerankers == std::vector<std::string>{"none"});
  const auto reranked = only(config, {config.space.methods.at(1), "minilm", "cross", 2, "reader", "words"});
  BOOST_TEST((again(reranked) == reranked));
  BOOST_TEST(reranked.space.rerankers == std::vector<std::string>{"cross"});
  BOOST_TEST(reranked.models.contains("cross"));
  auto overlap = config;
  overlap.judge.llm = "overlap";
  overlap.judge.embedder = "minilm";
  const auto small = only(overlap, {config.space.methods.at(1), "minilm", "none", 2, "reader", "words"});
  BOOST_TEST(small.models.size() == 2u);
  BOOST_TEST((small.sweep == config.sweep));
  BOOST_TEST((again(small) == small));
}
