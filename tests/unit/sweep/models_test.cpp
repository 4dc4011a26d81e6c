#include "sweep/models.hpp"

#include <sys/resource.h>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>

#include "base/errors.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_bert.hpp"

using namespace dream;
using dream::test::ranks;

namespace {

sweep::Models models_of(const std::filesystem::path& folder, const std::string& precision = "fp32") {
  const auto* row = embed::embedder_row("transformer");
  auto params = defaults_of(row->info);
  params.set("path", folder.string());
  params.set("precision", precision);
  sweep::Models models;
  models.embedders["m"] = row->make(params, 1);
  return models;
}

Matrix vectors_of(const sweep::Models& models) {
  const std::vector<std::string_view> texts{"a b c", "red", "", "green blue reds a a a a b"};
  Matrix out(4, models.embedder("m").dimension());
  models.embedder("m").embed(texts, embed::Role::passage, out.view(), no_pulse());
  return out;
}

/// Written by rank 0, read by all.
template <class Write>
std::filesystem::path folder_for_all(comm::Communicator& comm, Write write) {
  const auto folder = test::folder() / "model";
  if (comm.rank() == 0) write(folder);
  comm.barrier();
  return folder;
}

/// As wide and deep as BERT-base, with few words. Its weights are 0: as many bytes as any others, and no time
/// to make them.
void write_base(const std::filesystem::path& folder) {
  test::TinyBert bert;
  bert.config["num_hidden_layers"] = 12;
  bert.config["hidden_size"] = 768;
  bert.config["num_attention_heads"] = 12;
  bert.config["intermediate_size"] = 3072;
  bert.pooling["word_embedding_dimension"] = 768;
  bert.write(folder);
  nlohmann::json header;
  std::int64_t end = 0;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    std::int64_t bytes = 2;
    for (auto& n : shape) bytes *= n = n == bert.hidden ? 768 : n == bert.intermediate ? 3072 : n;
    header[name] = {{"dtype", "BF16"}, {"shape", shape}, {"data_offsets", {end, end + bytes}}};
    end += bytes;
  };
  const std::string first = "encoder.layer.0.";
  for (const auto& [name, tensor] : bert.tensors) {
    if (!name.starts_with("encoder.layer.")) add(name, tensor.shape);
    if (!name.starts_with(first)) continue;
    for (int i = 0; i < 12; ++i)
      add("encoder.layer." + std::to_string(i) + "." + name.substr(first.size()), tensor.shape);
  }
  const auto file = folder / "model.safetensors";
  const auto text = test::TinyBert::safetensors(header, "");
  test::TinyBert::put(file, text);
  std::filesystem::resize_file(file, text.size() + static_cast<std::uintmax_t>(end));
}

/// This process's share of the memory that it uses, in bytes.
std::int64_t pss() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;) {
    std::int64_t kib = 0;
    if (word == "Pss:" && file >> kib) return kib << 10;
  }
  return 0;
}

std::int64_t pss_of_all(comm::Communicator& comm) {
  comm.barrier();
  const auto sum = comm.all_reduce(pss(), comm::Reduce::sum);
  comm.barrier();
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_CASE(shared_weights_give_the_same_bits_as_own_ones, *ranks({1, 2, 3, 4})) {
  auto comm = test::world();
  const auto folder = folder_for_all(comm, [](const auto& at) { test::TinyBert(7).write(at); });
  for (const std::string precision : {"fp32", "auto"}) {
    const auto own = models_of(folder, precision);
    auto shared = models_of(folder, precision);
    sweep::place_weights(comm, shared, [](Level, std::string_view line) { BOOST_ERROR(line); });
    BOOST_TEST(vectors_of(own).values == vectors_of(shared).values);
  }
}

BOOST_AUTO_TEST_CASE(ranks_that_cannot_share_say_so_and_give_the_same_bits, *ranks({3})) {
  auto comm = test::world();
  const auto folder = folder_for_all(comm, [](const auto& at) { test::TinyBert(7).write(at); });
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{512, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  auto models = models_of(folder);
  std::string logged;
  sweep::place_weights(comm, models, [&](Level level, std::string_view line) {
    BOOST_TEST((level == Level::warning));
    logged = line;
  });
  BOOST_TEST(vectors_of(models).values == vectors_of(models_of(folder)).values);
  BOOST_TEST(logged.starts_with("models.m: ranks that share no memory keep weights of their own") ==
             (comm.rank() == 0));
  if (comm.rank() == 0) BOOST_TEST(logged.find(" rank 2 on ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_broken_tensor_ends_all_ranks_with_one_message, *ranks({1, 2, 3})) {
  auto comm = test::world();
  const auto folder = folder_for_all(comm, [](const auto& at) {
    test::TinyBert bert;
    bert.tensors["encoder.layer.1.output.dense.weight"].values[5] = NAN;
    bert.write(at);
  });
  auto models = models_of(folder);
  BOOST_CHECK_EXCEPTION(sweep::place_weights(comm, models, no_log()), Error, [](const Error& error) {
    const std::string_view what = error.what();
    return error.on_all_ranks && what.find("model.safetensors") != what.npos &&
           what.find("encoder.layer.1.output.dense.weight") != what.npos;
  });
}

BOOST_AUTO_TEST_CASE(weights_lie_once_on_a_node, *ranks({4})) {
  auto comm = test::world();
  const auto folder = folder_for_all(comm, write_base);
  (void)vectors_of(models_of(test::TinyBert().write(test::folder() / std::to_string(comm.rank()))));
  const auto before = pss_of_all(comm);
  auto models = models_of(folder, "auto");
  sweep::place_weights(comm, models, no_log());
  const auto out = vectors_of(models);
  const auto grown = pss_of_all(comm) - before;
  const auto once = models.embedder("m").weight_bytes();
  BOOST_TEST(once > 160 << 20);
  // Each rank's workspace and what it still has of the file are in it, too.
  BOOST_TEST(grown > once * 9 / 10);
  BOOST_TEST(grown < once * 14 / 10, grown << " bytes for weights of " << once);
}
