// Throughput of an embedder, for people: encoder_bench MODEL_FOLDER FILE.jsonl [THREADS] [RUNS]
// FILE has one JSON string a line. Prints texts/s by wall clock and by CPU time for each number of threads up
// to THREADS. The same files go through tests/bench/encoder/peer.py for a comparison in the same minute.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/api/numeric_class.hpp"
#include "stages/embed/embedder.hpp"

namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3)
    return std::fprintf(stderr, "usage: encoder_bench MODEL_FOLDER FILE.jsonl [THREADS] [RUNS]\n"), 2;
  const int most = argc > 3 ? std::atoi(argv[3]) : 2;
  const int runs = argc > 4 ? std::atoi(argv[4]) : 3;
  std::vector<std::string> texts;
  std::ifstream file(argv[2]);
  for (std::string line; std::getline(file, line);)
    texts.push_back(nlohmann::json::parse(line).get<std::string>());
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const dream::Params params{{"path", std::string(argv[1])},
                             {"precision", std::string("auto")},
                             {"max_tokens", std::int64_t{0}},
                             {"query_prefix", std::string()},
                             {"passage_prefix", std::string()}};
  for (int threads = 1; threads <= most; ++threads) {
    const auto started = wall_seconds();
    const auto embedder = dream::embed::embedder_row("transformer")->make(params, threads);
    const auto loaded = wall_seconds();
    dream::Matrix out(static_cast<std::int64_t>(texts.size()), embedder->dimension());
    std::vector<double> wall, cpu;
    for (int i = 0; i < runs; ++i) {
      const auto w = wall_seconds();
      const auto c = cpu_seconds();
      embedder->embed(views, dream::embed::Role::passage, out.view(), dream::no_pulse());
      wall.push_back(wall_seconds() - w);
      cpu.push_back(cpu_seconds() - c);
    }
    const auto n = static_cast<double>(texts.size());
    std::printf("%s, %d threads: %zu texts, %.1f texts/s by the clock, %.1f per CPU second (load %.2f s)\n",
                dream::kernels::cpu::numeric_class().c_str(), threads, texts.size(), n / median(wall),
                n / median(cpu), loaded - started);
  }
  return 0;
}
