#include "model/sentence_model.hpp"

#include "base/errors.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_bert.hpp"

using namespace dream;
using test::TinyBert;

namespace {

std::filesystem::path fresh() {
  static int count = 0;
  return test::folder() / ("m" + std::to_string(count++));
}

void check_error(const std::filesystem::path& folder, const std::string& item, const std::string& part) {
  try {
    (void)model::read_sentence_model(folder);
    BOOST_ERROR("no error for " << item);
  } catch (const ModelError& error) {
    BOOST_TEST(error.item == item, error.what());
    BOOST_TEST(std::string(error.what()).find(part) != std::string::npos,
               error.what() << " has no \"" << part << "\"");
  }
}

template <class Edit>
std::filesystem::path edited(Edit edit) {
  TinyBert bert;
  edit(bert);
  return bert.write(fresh());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_folder_is_read_whole) {
  const auto model = model::read_sentence_model(TinyBert().write(fresh()));
  BOOST_TEST(model.network.layers == 2);
  BOOST_TEST(model.network.hidden == 32);
  BOOST_TEST(model.network.epsilon == 1e-12);
  BOOST_TEST(model.window == 16);
  BOOST_TEST((model.poolings == std::vector{kernels::Pooling::mean}));
  BOOST_TEST(model.text.tokenizer->count("a reds.") == 4);
}

BOOST_AUTO_TEST_CASE(a_bare_transformer_is_pooled_by_the_mean_over_all_its_positions) {
  const auto folder = TinyBert().write(fresh());
  for (const char* name : {"modules.json", "sentence_bert_config.json"})
    std::filesystem::remove(folder / name);
  const auto model = model::read_sentence_model(folder);
  BOOST_TEST(model.window == 24);
  BOOST_TEST((model.poolings == std::vector{kernels::Pooling::mean}));
}

BOOST_AUTO_TEST_CASE(first_token_pooling_is_known) {
  const auto folder = edited([](TinyBert& b) {
    b.pooling = {{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", false}};
  });
  BOOST_TEST((model::read_sentence_model(folder).poolings == std::vector{kernels::Pooling::first}));
}

BOOST_AUTO_TEST_CASE(other_networks_are_refused_by_name) {
  const auto roberta = edited([](TinyBert& b) {
    b.config["model_type"] = "xlm-roberta", b.config["architectures"] = {"XLMRobertaModel"};
  });
  check_error(roberta, "model_type", "\"xlm-roberta\" (architecture \"XLMRobertaModel\")");
  check_error(roberta, "model_type", "supported: \"bert\"");
  check_error(edited([](TinyBert& b) { b.config["hidden_act"] = "relu"; }), "hidden_act",
              "supports \"gelu\"");
  check_error(edited([](TinyBert& b) { b.config["position_embedding_type"] = "relative_key"; }),
              "position_embedding_type", "absolute");
  check_error(edited([](TinyBert& b) { b.config["num_attention_heads"] = 4; }), "num_attention_heads",
              "multiples of 16");
  check_error(edited([](TinyBert& b) { b.config["num_hidden_layers"] = 0; }), "num_hidden_layers",
              "it must be 1 to");
  check_error(edited([](TinyBert& b) { b.config["hidden_size"] = "big"; }), "hidden_size", "is a string");
  check_error(edited([](TinyBert& b) { b.config["vocab_size"] = 5; }), "vocab_size",
              "the tokenizer knows 12");
  check_error(edited([](TinyBert& b) { b.modules[2]["type"] = "sentence_transformers.models.Dense"; }),
              "sentence_transformers.models.Dense", "module 3");
  check_error(edited([](TinyBert& b) { b.pooling["pooling_mode_max_tokens"] = true; }), "pooling_mode",
              "max_tokens, mean_tokens");
  check_error(edited([](TinyBert& b) { b.pooling["word_embedding_dimension"] = 64; }),
              "word_embedding_dimension", "hidden_size is 32");
  check_error(edited([](TinyBert& b) { b.sentence["max_seq_length"] = 2; }), "max_seq_length", "at least 3");
}

BOOST_AUTO_TEST_CASE(missing_files_are_named) {
  const auto without = [](const char* name) {
    const auto folder = TinyBert().write(fresh());
    std::filesystem::remove(folder / name);
    return folder;
  };
  check_error(without("config.json"), "", "config.json: cannot open");
  check_error(without("vocab.txt"), "", "no vocabulary");
  check_error(without("model.safetensors"), "", "model.safetensors: is missing");
  check_error(without("1_Pooling/config.json"), "", "1_Pooling/config.json: cannot open");
  check_error(test::folder() / "absent", "", "is no folder");
}
