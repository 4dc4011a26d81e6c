// Makes the results of a sweep that never ran, 1,000 trials of 200 questions with a judge's verdicts, and
// tells what that takes. tests/bench/report/open.py opens the page. usage: report_bench FOLDER [METHODS LLMS
// QUESTIONS]; trials: 2 x METHODS x LLMS. FOLDER must not exist.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "stats/random.hpp"
#include "tests/support/pretended_sweep.hpp"

using namespace dream;

namespace {

/// Words that deflate about as well as prose.
std::string prose(std::uint64_t seed, std::size_t length) {
  stats::Random random(5, seed);
  std::string text;
  while (text.size() < length) {
    for (auto letters = 2 + random.below(8); letters > 0; --letters)
      text += "etaoinshrdlucmfw"[random.below(4) * random.below(5)];
    text += random.below(9) == 0 ? ". " : " ";
  }
  return text;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 5) {
    fmt::print(stderr, "usage: report_bench FOLDER [METHODS LLMS QUESTIONS]\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  if (std::filesystem::exists(folder)) {
    fmt::print(stderr, "{} is there already; name a folder that is not\n", folder.string());
    return 2;
  }
  const auto number = [&](int at, int otherwise) { return argc == 5 ? std::atoi(argv[at]) : otherwise; };
  constexpr int top_k = 5;
  test::PretendedAt sweep(number(2, 25), number(4, 200), top_k, folder, number(3, 20));
  sweep.remarks = [](int trial, std::int64_t q) {
    std::vector<Remark> remarks;
    for (int i = 0; i < 6; ++i) {
      const auto seed = static_cast<std::uint64_t>((trial * 1000 + q) * 10 + i);
      remarks.push_back(
          {i < 3 ? "faithfulness" : "context_recall", prose(seed, 80), i % 2, prose(seed + 1, 60)});
    }
    return remarks;
  };
  sweep.run([](int t, std::int64_t q) { return prose(static_cast<std::uint64_t>(t * 1000 + q), 400); },
            [](int t, std::int64_t q, int k) {
              return prose(static_cast<std::uint64_t>((t / 50 * 1000 + q) * 10 + k), 1500);
            });
  std::filesystem::create_directories(sweep.config.sweep.output);
  const double before = peak_mib();
  const auto trials = sweep.finished.plan.trials.size();
  const double judged = seconds_of([&] { sweep.finished.verdict = sweep.verdict(); });
  const double written = seconds_of([&] { report::write_all(sweep.material(), sweep.finished.verdict); });
  const std::filesystem::path results = sweep.config.sweep.output;
  fmt::print(
      "{} trials x {} questions: verdict {:.1f} s on one core, all results {:.1f} s; memory {:.0f} MiB at "
      "most, {:.0f} before\n"
      "report.html {} bytes, sweep.h5 {} bytes: {}\n",
      trials, sweep.finished.questions.size(), judged, written, peak_mib(), before,
      std::filesystem::file_size(results / "report.html"), std::filesystem::file_size(results / "sweep.h5"),
      results.string());
}
