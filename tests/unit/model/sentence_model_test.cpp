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

BOOST_AUTO_TEST_CASE(poolings_are_read_in_their_old_and_new_spelling) {
  using kernels::Pooling;
  const auto poolings = [](const nlohmann::json& config) {
    return model::read_sentence_model(edited([&](TinyBert& b) { b.pooling = config; })).poolings;
  };
  BOOST_TEST(
      (poolings({{"pooling_mode_mean_sqrt_len_tokens", true}}) == std::vector{Pooling::mean_sqrt_length}));
  BOOST_TEST((poolings({{"pooling_mode_weightedmean_tokens", true}}) == std::vector{Pooling::weighted_mean}));
  BOOST_TEST((poolings({{"pooling_mode_lasttoken", true}}) == std::vector{Pooling::last}));
  BOOST_TEST((poolings({{"pooling_mode_mean_tokens", true}, {"pooling_mode_max_tokens", true}}) ==
              std::vector{Pooling::max, Pooling::mean}));
  BOOST_TEST((poolings({{"pooling_mode", "weightedmean"}}) == std::vector{Pooling::weighted_mean}));
  BOOST_TEST((poolings({{"pooling_mode", {"mean", "cls"}}}) == std::vector{Pooling::mean, Pooling::first}));
  BOOST_TEST((poolings({{"pooling_mode_mean_tokens", false}}) == std::vector{Pooling::mean}));
}

BOOST_AUTO_TEST_CASE(families_differ_in_their_places_and_types) {
  const auto network = [](const char* type) {
    return model::read_sentence_model(edited([&](TinyBert& b) {
             b.config["model_type"] = type, b.config["pad_token_id"] = 3,
             b.sentence = nlohmann::json::object();
           }))
        .network;
  };
  BOOST_TEST(network("bert").positions == 24);
  for (const char* type : {"roberta", "xlm-roberta", "camembert"}) {
    BOOST_TEST((network(type).family == model::Family::roberta));
    BOOST_TEST(network(type).first_position == 4);
    BOOST_TEST(network(type).positions == 20);
  }
  BOOST_TEST(network("mpnet").first_position == 2);  // whatever the config says
  BOOST_TEST(network("mpnet").types == 0);
  BOOST_TEST(network("mpnet").distance_buckets == 32);
}

BOOST_AUTO_TEST_CASE(the_window_is_the_least_of_what_the_files_allow) {
  const auto window = [](const nlohmann::json& sentence, const nlohmann::json& tokenizer) {
    const auto folder = edited([&](TinyBert& b) { b.sentence = sentence; });
    TinyBert::put(folder / "tokenizer_config.json", tokenizer.dump());
    return model::read_sentence_model(folder).window;
  };
  const auto none = nlohmann::json::object();
  BOOST_TEST(window(none, none) == 24);
  BOOST_TEST(window(none, {{"model_max_length", 10}}) == 10);
  BOOST_TEST(window(none, {{"model_max_length", 1e30}}) == 24);
  BOOST_TEST(
      window(none, nlohmann::json::parse(R"({"model_max_length": 1000000000000000019884624838656})")) == 24);
  BOOST_TEST(window({{"max_seq_length", 18}}, {{"model_max_length", 10}}) == 18);
  BOOST_TEST(window({{"max_seq_length", nullptr}}, {{"model_max_length", 10}}) == 10);
  BOOST_TEST(window({{"max_seq_length", 100}}, none) == 24);
}

BOOST_AUTO_TEST_CASE(prompts_are_those_of_the_folder) {
  const auto prompts = [](const nlohmann::json& config) {
    const auto folder = TinyBert().write(fresh());
    TinyBert::put(folder / "config_sentence_transformers.json", config.dump());
    const auto model = model::read_sentence_model(folder);
    return std::pair(model.query_prompt, model.passage_prompt);
  };
  using Pair = std::pair<std::string, std::string>;
  BOOST_TEST((prompts({{"prompts", {{"query", "q: "}, {"passage", "p: "}}}}) == Pair("q: ", "p: ")));
  BOOST_TEST((prompts({{"prompts", {{"query", "q: "}, {"document", "d: "}, {"passage", "p: "}}}}) ==
              Pair("q: ", "d: ")));
  BOOST_TEST((prompts({{"prompts", {{"query", nullptr}, {"all", "x "}}}, {"default_prompt_name", "all"}}) ==
              Pair("", "x ")));
  BOOST_TEST((prompts({{"prompts", {{"all", "x "}}}}) == Pair("", "")));
  BOOST_TEST((prompts({{"default_prompt_name", nullptr}}) == Pair("", "")));
  BOOST_CHECK_THROW(prompts({{"prompts", {{"a", "x "}}}, {"default_prompt_name", "all"}}), ModelError);
  BOOST_CHECK_THROW(prompts({{"prompts", {{"query", 7}}}}), ModelError);
  BOOST_CHECK_THROW(prompts({{"prompts", "x"}}), ModelError);
}

BOOST_AUTO_TEST_CASE(modules_may_lie_in_folders_of_their_own) {
  TinyBert bert;
  bert.modules[0]["path"] = "0_Transformer";
  const auto folder = bert.write(fresh());
  std::filesystem::create_directory(folder / "0_Transformer");
  for (const char* name : {"config.json", "vocab.txt", "sentence_bert_config.json", "model.safetensors"})
    std::filesystem::rename(folder / name, folder / "0_Transformer" / name);
  const auto model = model::read_sentence_model(folder);
  BOOST_TEST(model.window == 16);
  BOOST_TEST(model.folder.filename() == "0_Transformer");
}

namespace {

/// A model whose vectors go through one dense layer.
template <class Edit>
std::filesystem::path with_dense(Edit edit) {
  nlohmann::json config{{"in_features", 32},
                        {"out_features", 3},
                        {"bias", true},
                        {"activation_function", "torch.nn.modules.activation.Tanh"}};
  nlohmann::json header{
      {"linear.weight", {{"dtype", "F32"}, {"shape", {3, 32}}, {"data_offsets", {12, 396}}}},
      {"linear.bias", {{"dtype", "F32"}, {"shape", {3}}, {"data_offsets", {0, 12}}}}};
  edit(config, header);
  const auto folder = edited([](TinyBert& b) {
    b.modules[2] = {{"idx", 2}, {"path", "2_Dense"}, {"type", "sentence_transformers.models.Dense"}};
  });
  std::filesystem::create_directory(folder / "2_Dense");
  TinyBert::put(folder / "2_Dense" / "config.json", config.dump());
  TinyBert::put(folder / "2_Dense" / "model.safetensors",
                TinyBert::safetensors(header, std::string(396, '\0')));
  return folder;
}

}  // namespace

BOOST_AUTO_TEST_CASE(dense_modules_are_read_and_checked) {
  const auto good = with_dense([](auto&, auto&) {});
  const auto model = model::read_sentence_model(good);
  BOOST_TEST(model.outputs() == 3);
  BOOST_TEST(model.head().outputs() == 3);
  const auto plain =
      with_dense([](auto& config, auto& header) { config["bias"] = false, header.erase("linear.bias"); });
  BOOST_TEST(model::read_sentence_model(plain).head().outputs() == 3);
  const auto identity =
      with_dense([](auto& config, auto&) { config["activation_function"] = "torch.nn.Identity"; });
  BOOST_TEST((model::read_sentence_model(identity).identity() != model.identity()));

  check_error(with_dense([](auto& config, auto&) { config["in_features"] = 16; }), "in_features",
              "32 numbers come in");
  check_error(with_dense([](auto& config, auto&) { config["out_features"] = 0; }), "out_features",
              "1 to 65536");
  check_error(with_dense([](auto& config, auto&) {
                config["activation_function"] = "torch.nn.modules.activation.GELU";
              }),
              "activation_function", "Tanh and Identity");
  check_error(with_dense([](auto& config, auto&) { config["use_residual"] = true; }), "use_residual",
              "does not know");
  const auto head_error = [](const std::filesystem::path& folder) {
    try {
      (void)model::read_sentence_model(folder).head();
      return std::string("no error");
    } catch (const ModelError& error) {
      return std::filesystem::path(error.path).parent_path().filename().string() + "/" + error.item;
    }
  };
  BOOST_TEST(head_error(with_dense([](auto&, auto& header) { header.erase("linear.bias"); })) ==
             "2_Dense/linear.bias");
  BOOST_TEST(head_error(with_dense([](auto& config, auto&) { config["out_features"] = 4; })) ==
             "2_Dense/linear.weight");
}

BOOST_AUTO_TEST_CASE(other_networks_are_refused_by_name) {
  const auto modern = edited([](TinyBert& b) {
    b.config["model_type"] = "modernbert", b.config["architectures"] = {"ModernBertModel"};
  });
  check_error(modern, "model_type", "\"modernbert\" (architecture \"ModernBertModel\")");
  check_error(modern, "model_type", "supported: bert, roberta, xlm-roberta, camembert, mpnet");
  check_error(edited([](TinyBert& b) { b.config["hidden_act"] = "silu"; }), "hidden_act",
              "supports gelu, gelu_new, gelu_pytorch_tanh and relu");
  check_error(edited([](TinyBert& b) { b.config["is_decoder"] = true; }), "is_decoder", "encoders only");
  check_error(edited([](TinyBert& b) { b.config["model_type"] = "roberta", b.config["pad_token_id"] = 23; }),
              "pad_token_id", "none of the 24 positions");
  check_error(edited([](TinyBert& b) {
                b.config["model_type"] = "mpnet", b.config["relative_attention_num_buckets"] = 2;
              }),
              "relative_attention_num_buckets", "4 to 65536");
  check_error(edited([](TinyBert& b) { b.config["position_embedding_type"] = "relative_key"; }),
              "position_embedding_type", "absolute");
  check_error(edited([](TinyBert& b) { b.config["num_attention_heads"] = 4; }), "num_attention_heads",
              "multiples of 16");
  check_error(edited([](TinyBert& b) { b.config["num_hidden_layers"] = 0; }), "num_hidden_layers",
              "it must be 1 to");
  check_error(edited([](TinyBert& b) { b.config["hidden_size"] = "big"; }), "hidden_size", "is a string");
  check_error(edited([](TinyBert& b) { b.config["vocab_size"] = 5; }), "vocab_size",
              "the tokenizer knows 12");
  check_error(edited([](TinyBert& b) { b.modules[2]["type"] = "sentence_transformers.models.LSTM"; }),
              "sentence_transformers.models.LSTM", "module 3");
  check_error(edited([](TinyBert& b) { b.modules[0]["type"] = "sentence_transformers.models.CLIPModel"; }),
              "sentence_transformers.models.CLIPModel", "module 1");
  check_error(edited([](TinyBert& b) { std::swap(b.modules[1], b.modules[2]); }),
              "sentence_transformers.models.Normalize", "module 2");
  check_error(edited([](TinyBert& b) { b.modules[1]["path"] = "../1_Pooling"; }), "../1_Pooling", "outside");
  check_error(edited([](TinyBert& b) { b.modules = {1, 2}; }), "", "no JSON list of modules");
  check_error(edited([](TinyBert& b) { b.pooling["pooling_mode_max_words"] = true; }),
              "pooling_mode_max_words", "does not know");
  check_error(edited([](TinyBert& b) { b.pooling["pooling_mode"] = "median"; }), "pooling_mode",
              "supports cls, max");
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
  check_error(without("vocab.txt"), "", "has no tokens");
  check_error(without("1_Pooling/config.json"), "", "1_Pooling/config.json: cannot open");
  check_error(test::folder() / "absent", "", "is no folder");
}
