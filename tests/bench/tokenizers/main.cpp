// Throughput of tokenizers on one core, for people:
//   tokenizer_bench FILE.jsonl [--peer PYTHON] FOLDER...
// FILE has one JSON string a line, a FOLDER is a model's. Prints MB/s of each (best of three); with a Python
// that has the package tokenizers also its figure, from tests/bench/tokenizers/peer.py in the same minute,
// and the ratio.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "text/model_tokenizer.hpp"

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double our_rate(const dream::text::Tokenizer& tokenizer, const std::vector<std::string>& texts,
                double megabytes) {
  double best = 0;
  for (int run = 0; run < 3; ++run) {
    const auto begin = seconds();
    std::size_t tokens = 0;
    for (const auto& text : texts) tokens += tokenizer.encode(text).size();
    if (tokens > 0) best = std::max(best, megabytes / (seconds() - begin));
  }
  return best;
}

/// 0 when the peer cannot be asked, or does not read this folder.
double peer_rate(const std::string& python, const std::string& file, const std::string& folder) {
  const auto command = "'" + python + "' '" DREAM_BENCH_PEER "' '" + file + "' '" + folder + "' 2>/dev/null";
  FILE* pipe = ::popen(command.c_str(), "r");
  double rate = 0;
  if (pipe == nullptr || std::fscanf(pipe, "%lf", &rate) != 1) rate = 0;
  if (pipe != nullptr) ::pclose(pipe);
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  int next = 2;
  std::string python;
  if (argc > 3 && std::strcmp(argv[2], "--peer") == 0) {
    python = argv[3];
    next = 4;
  }
  if (argc <= next)
    return std::fprintf(stderr, "usage: tokenizer_bench FILE.jsonl [--peer PYTHON] FOLDER...\n"), 2;
  std::vector<std::string> texts;
  double megabytes = 0;
  std::ifstream file(argv[1]);
  for (std::string line; std::getline(file, line);) {
    texts.push_back(nlohmann::json::parse(line).get<std::string>());
    megabytes += 1e-6 * static_cast<double>(texts.back().size());
  }
  for (; next < argc; ++next) {
    const auto model = dream::text::load_model_tokenizer(argv[next]);
    const auto ours = our_rate(*model.tokenizer, texts, megabytes);
    const auto theirs = python.empty() ? 0 : peer_rate(python, argv[1], argv[next]);
    std::printf("%s: %.1f MB/s", argv[next], ours);
    if (theirs > 0) std::printf(", tokenizers %.2f MB/s, ratio %.1f", theirs, ours / theirs);
    std::printf("\n");
  }
  return 0;
}
