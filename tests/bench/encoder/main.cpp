// How fast the encoder is, for people, beside its peers:
//   encoder_bench --model FOLDER --data FOLDER [--peer PYTHON] [--threads 2] [--texts 200] [--runs 3]
//                 [--precision fp32] [--set mixed]     (these two: only that of ours, for a profile)
// FOLDER of the data has .txt files. Prints every measurement, then one line for each figure to reach. Rates
// by the clock need a machine without other work; those of CPU seconds bear some.
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/errors.hpp"
#include "kernels/api/numeric_class.hpp"
#include "measure.hpp"
#include "model/network.hpp"
#include "peak.hpp"
#include "stages/embed/embedder.hpp"
#include "texts.hpp"

#ifndef DREAM_BENCH_SOURCE
#define DREAM_BENCH_SOURCE "tests/bench/encoder"
#endif

using namespace dream;
using namespace dream::bench;

namespace {

struct Options {
  std::string model, data, peer, scripts = DREAM_BENCH_SOURCE;
  std::string precision, set;  ///< only these of ours, for a profile or a pair
  int threads = 2, runs = 3;
  std::size_t texts = 200;
};

/// One program in one precision on one set.
struct Row {
  std::string what, precision, set;
  Times times;
};

struct Bench {
  Options options;
  model::Network network;
  std::vector<Set> sets;
  std::vector<Row> rows;
  std::map<std::string, double> peaks;  ///< by precision, GFLOP per CPU second
  double own_tokens = 0, peer_tokens = 0, own_pss = 0, peer_pss = 0, one_rank = 0, two_ranks = 0;

  [[nodiscard]] const Set& set(const std::string& name) const {
    return *std::ranges::find(sets, name, &Set::name);
  }
  [[nodiscard]] double flops(const std::string& name) const {
    double sum = 0;
    for (const auto n : set(name).tokens) sum += text_flops(network, static_cast<double>(n));
    return sum;
  }
  [[nodiscard]] std::vector<std::string> precisions() const {
    if (kernels::cpu::supports(kernels::Precision::bf16)) return {"fp32", "bf16", "int8"};
    return {"fp32"};
  }
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--model")
      options.model = value;
    else if (name == "--data")
      options.data = value;
    else if (name == "--peer")
      options.peer = value;
    else if (name == "--scripts")
      options.scripts = value;
    else if (name == "--precision")
      options.precision = value;
    else if (name == "--set")
      options.set = value;
    else if (name == "--threads")
      options.threads = std::max(1, std::atoi(value.c_str()));
    else if (name == "--runs")
      options.runs = std::max(1, std::atoi(value.c_str()));
    else if (name == "--texts")
      options.texts = static_cast<std::size_t>(std::max(1, std::atoi(value.c_str())));
    else
      throw ConfigError("unknown option " + name);
  }
  if (options.model.empty() || options.data.empty())
    throw ConfigError(
        "usage: encoder_bench --model FOLDER --data FOLDER [--peer PYTHON] [--threads N] [--texts N] "
        "[--runs N] [--scripts FOLDER] [--precision P] [--set chunks|short|mixed]");
  return options;
}

std::unique_ptr<embed::Embedder> make_embedder(const Options& options, const std::string& precision,
                                               int threads) {
  const auto* row = embed::embedder_row("transformer");
  auto params = defaults_of(row->info);
  params.set("path", options.model);
  params.set("precision", precision);
  auto embedder = row->make(params, threads);
  embedder->place_weights(model::own_memory(embedder->weight_bytes()));
  return embedder;
}

void embed_texts(const embed::Embedder& embedder, std::span<const std::string> texts, const Pulse& pulse) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Matrix out(std::ssize(texts), embedder.dimension());
  embedder.embed(views, embed::Role::passage, out.view(), pulse);
}

void add(Bench& bench, Row row) {
  const auto texts = static_cast<double>(bench.set(row.set).texts.size());
  const auto wall = median(row.times.wall);
  const auto cpu = median(row.times.cpu);
  std::printf(
      "%-46s %-5s %-7s %8.1f texts/s (spread %2.0f %%) %8.1f texts/CPU s %7.1f GFLOP/CPU s  load %.1f\n",
      row.what.c_str(), row.precision.c_str(), row.set.c_str(), texts / wall, 100 * spread(row.times.wall),
      texts / cpu, bench.flops(row.set) / cpu / 1e9, load());
  std::fflush(stdout);
  bench.rows.push_back(std::move(row));
}

void add_peak(Bench& bench, const std::string& what, const std::string& precision, double gflops) {
  if (gflops <= 0) return;
  std::printf("%-46s %-5s 4 shapes %46.1f GFLOP/CPU s  load %.1f\n", what.c_str(), precision.c_str(), gflops,
              load());
  bench.peaks[precision] = std::max(bench.peaks[precision], gflops);
}

void measure_ours(Bench& bench) {
  for (const auto& precision : bench.precisions()) {
    if (!bench.options.precision.empty() && precision != bench.options.precision) continue;
    const auto embedder = make_embedder(bench.options, precision, bench.options.threads);
    for (const auto& set : bench.sets) {
      if (!bench.options.set.empty() && set.name != bench.options.set) continue;
      add(bench, {"dream_sweep", precision, set.name,
                  measure(bench.options.runs, [&] { embed_texts(*embedder, set.texts, no_pulse()); })});
    }
  }
}

void measure_ranks(Bench& bench) {
  const auto& texts = bench.set("chunks").texts;
  const auto one = make_embedder(bench.options, "auto", 2);
  const auto half = make_embedder(bench.options, "auto", 1);
  const auto each = texts.size() / 2;
  std::vector<double> together, apart;
  for (int i = 0; i <= bench.options.runs; ++i) {
    together.push_back(side_by_side(1, [&](int) { embed_texts(*one, texts, no_pulse()); }));
    apart.push_back(side_by_side(2, [&](int rank) {
      embed_texts(*half, std::span(texts).subspan(static_cast<std::size_t>(rank) * each, each), no_pulse());
    }));
  }
  bench.one_rank = static_cast<double>(texts.size()) / median(together);
  bench.two_ranks = static_cast<double>(2 * each) / median(apart);
}

/// In a process of its own, so that nothing else counts; the pulse looks every few milliseconds.
void measure_memory(Bench& bench) {
  const auto command = "'" + std::filesystem::read_symlink("/proc/self/exe").string() + "' --only-memory '" +
                       bench.options.model + "' '" + bench.options.data + "' " +
                       std::to_string(bench.options.texts);
  bench.own_pss = std::atof(output_of(command).c_str());
}

int only_memory(char** argv) {
  Options options;
  options.model = argv[2];
  const auto embedder = make_embedder(options, "auto", 2);
  const auto sets = text_sets(argv[3], *embedder->tokenizer(), static_cast<std::size_t>(std::atoi(argv[4])));
  double most = 0;
  embed_texts(*embedder, sets[0].texts, [&] { most = std::max(most, pss_mib()); });
  std::printf("%.1f\n", most);
  return 0;
}

void measure_tokenizer(Bench& bench) {
  const auto embedder = make_embedder(bench.options, "fp32", 1);
  const auto tokenizer = embedder->tokenizer();
  double bytes = 0;
  for (const auto& set : bench.sets) {
    for (const auto& text : set.texts) bytes += static_cast<double>(text.size());
  }
  const auto times = measure(std::max(bench.options.runs, 3), [&] {
    for (const auto& set : bench.sets) {
      for (const auto& text : set.texts) (void)tokenizer->encode(text);
    }
  });
  bench.own_tokens = bytes / *std::ranges::min_element(times.cpu) / 1e6;
}

void measure_peers(Bench& bench) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("encoder_bench." + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  for (const auto& set : bench.sets) write_lines(set, folder / (set.name + ".jsonl"));
  const auto& o = bench.options;
  const auto command = "'" + o.peer + "' '" + o.scripts + "/peer.py' '" + o.model + "' '" + folder.string() +
                       "' " + std::to_string(o.threads) + " " + std::to_string(o.runs);
  std::istringstream lines(output_of(command) + "\n" + output_of(command + " --memory"));
  std::filesystem::remove_all(folder);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('{')) continue;
    const auto row = nlohmann::json::parse(line);
    if (row.contains("what"))
      add(bench, {row["what"], row["precision"], row["set"], {row["wall"], row["cpu"]}});
    else if (row.contains("peak"))
      add_peak(bench, row["peak"], row["precision"], row["gflops"]);
    else if (row.contains("tokenizer"))
      bench.peer_tokens = row["mb_per_s"];
    else if (row.contains("pss"))
      bench.peer_pss = row["pss"];
  }
}

/// Ours against the best of the peers in that precision, or against those whose name starts so: by the clock,
/// and of CPU seconds.
void compare(const Bench& bench, const char* what, const std::string& own, const std::string& peers,
             const std::string& set, double reach, const std::string& name = "") {
  const Row* ours = nullptr;
  const Row* best = nullptr;
  for (const auto& row : bench.rows) {
    if (row.set != set) continue;
    if (row.what == "dream_sweep") {
      if (row.precision == own) ours = &row;
    } else if (row.precision == peers && row.what.starts_with(name) &&
               (best == nullptr || median(row.times.wall) < median(best->times.wall))) {
      best = &row;
    }
  }
  if (ours == nullptr || best == nullptr) return;
  std::printf("SUMMARY %-44s %6.2f (CPU %.2f)  reach %.2f  against %s\n", what,
              median(best->times.wall) / median(ours->times.wall),
              median(best->times.cpu) / median(ours->times.cpu), reach, best->what.c_str());
}

void summarise(const Bench& bench) {
  const std::map<std::string, double> share{{"fp32", 0.85}, {"bf16", 0.75}, {"int8", 0.55}};
  for (const auto& row : bench.rows) {
    const auto peak = bench.peaks.find(row.precision);
    if (row.what != "dream_sweep" || row.set != "chunks" || peak == bench.peaks.end()) continue;
    std::printf("SUMMARY share of the peak, %s %21.2f  reach %.2f  peak %.1f GFLOP/CPU s\n",
                row.precision.c_str(), bench.flops("chunks") / median(row.times.cpu) / 1e9 / peak->second,
                share.at(row.precision), peak->second);
  }
  compare(bench, "chunks, fp32 against the best fp32 peer", "fp32", "fp32", "chunks", 1.2);
  compare(bench, "chunks, bf16 against the best bf16 peer", "bf16", "bf16", "chunks", 1.35);
  compare(bench, "chunks, int8 against ONNX int8", "int8", "int8", "chunks", 1.2);
  for (const auto& precision : bench.precisions()) {
    compare(bench, ("short texts, " + precision).c_str(), precision, precision, "short", 2);
    compare(bench, ("mixed lengths, " + precision).c_str(), precision, precision, "mixed", 1.8);
  }
  compare(bench, "chunks, auto against their defaults", bench.precisions().size() > 1 ? "bf16" : "fp32",
          "fp32", "chunks", 2.5, "sentence-transformers, batch 32");
  if (bench.peer_tokens > 0)
    std::printf("SUMMARY WordPiece per core %26.2f  reach 5  %.1f against %.1f MB/s\n",
                bench.own_tokens / bench.peer_tokens, bench.own_tokens, bench.peer_tokens);
  std::printf("SUMMARY 2 ranks x 1 thread / 1 rank x 2 threads %5.2f  reach 0.90  %.1f, %.1f texts/s\n",
              bench.two_ranks / bench.one_rank, bench.two_ranks, bench.one_rank);
  if (bench.peer_pss > 0)
    std::printf("SUMMARY memory (PSS) %32.2f  reach 0.25  %.0f of %.0f MiB\n", bench.own_pss / bench.peer_pss,
                bench.own_pss, bench.peer_pss);
}

int run(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--only-memory") return only_memory(argv);
  Bench bench;
  bench.options = read_options(argc, argv);
  bench.network = model::read_network(std::filesystem::path(bench.options.model) / "config.json");
  bench.sets = text_sets(bench.options.data, *make_embedder(bench.options, "fp32", 1)->tokenizer(),
                         bench.options.texts);
  std::printf("%s, %d threads, %d runs, load %.1f\n", kernels::cpu::numeric_class().c_str(),
              bench.options.threads, bench.options.runs, load());
  measure_ours(bench);
  if (!bench.options.precision.empty() || !bench.options.set.empty()) return 0;
  for (const auto precision :
       {kernels::Precision::fp32, kernels::Precision::bf16, kernels::Precision::int8}) {
    if (!kernels::cpu::supports(precision)) continue;
    const std::string name(kernels::name_of(precision));
    add_peak(bench, "oneDNN", name, onednn_gflops(bench.network, precision));
    std::printf("%-46s %-5s 4 shapes %46.1f GFLOP/CPU s\n", "our kernels", name.c_str(),
                own_gflops(bench.network, precision));
  }
  measure_ranks(bench);
  measure_tokenizer(bench);
  measure_memory(bench);
  if (!bench.options.peer.empty()) measure_peers(bench);
  summarise(bench);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "encoder_bench: %s\n", error.what());
    return 2;
  }
}
