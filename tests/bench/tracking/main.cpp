// How long a server takes for the runs of a large sweep: tracking_bench URI FOLDER [TRIALS [METRICS]].
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/errors.hpp"
#include "tracking/sender.hpp"

using namespace dream;
using tracking::Entry;

int main(int argc, char** argv) try {
  if (argc < 3) throw ConfigError("tracking_bench URI FOLDER [TRIALS [METRICS]]");
  const int trials = argc > 3 ? std::atoi(argv[3]) : 5000;
  const int metrics = argc > 4 ? std::atoi(argv[4]) : 40;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const auto key = fmt::format("bench{}", now);
  tracking::Settings settings;
  settings.uri = argv[1];
  settings.experiment = key;
  tracking::Spool spool(argv[2], {key, settings});
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const tracking::Named tags{{tracking::mlflow::sweep_tag, key}};
  spool.add({key, "run", tracking::NewRun{"", "bench", now, tags}});
  for (int t = 1; t <= trials; ++t) {
    const auto run = fmt::format("{}-{}", key, t);
    tracking::Values values{{}, {}, {}, now, 0};
    for (int p = 0; p < 20; ++p)
      values.params.emplace_back(fmt::format("param{}", p), std::to_string(t % (p + 2)));
    for (int m = 0; m < metrics; ++m) values.metrics.emplace_back(fmt::format("metric{}", m), 1.0 / (t + m));
    spool.add({run, "run", tracking::NewRun{key, fmt::format("trial {}", t), now, tags}});
    spool.add({run, "scores", values});
    spool.add({run, "status", tracking::NewStatus{tracking::Status::finished, now}});
  }
  fmt::print("spooled {} entries in {:.1f} s\n", spool.size(), seconds());
  tracking::Sender sender(spool, settings, no_pulse());
  for (double told = 0; !sender.standing().over();) {
    sender.step(std::chrono::milliseconds(100));
    if (const auto at = seconds(); at - told > 20) {
      told = at;
      fmt::print("{:.0f} s: {} of {} {}\n", at, spool.sent(), spool.size(), sender.standing().problem);
      std::fflush(stdout);
    }
  }
  fmt::print("{} trials x {} metrics: {:.1f} s, {} refused\n", trials, metrics, seconds(),
             sender.standing().refused);
} catch (const std::exception& e) {
  fmt::print(stderr, "tracking_bench: {}\n", e.what());
  return 1;
}
