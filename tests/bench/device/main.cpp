// What a GPU computes and how fast, for people and for tools/gpu-check:
//   gpu_bench gpus                          what is there
//   gpu_bench check   [--model FOLDER]      every kernel against the reference, search, parity with the CPU
//   gpu_bench model   --model FOLDER [--precision bf16] [--length 512] [--batches 8] [--threads 16]
//   gpu_bench search  [--rows 10000000] [--columns 384]
// each with [--backend cuda|twin] [--batch-tokens 8192]. Ends with 1 where a check fails, and with 6 where
// there is no GPU. The twin takes small sizes.
#include <fmt/format.h>

#include <exception>
#include <map>
#include <string>

#include "base/errors.hpp"
#include "device.hpp"

using namespace dream;

namespace {

int run(const std::string& what, std::map<std::string, std::string>& options) {
  const auto backend = options["--backend"];
  const auto number = [&](const char* name) { return std::stoll(options[name]); };
  const auto accelerator = bench::open(backend);
  fmt::print("{} on {}\n", what, accelerator->numeric_class());
  if (what == "gpus") return 0;
  const auto& model = options["--model"];
  if (what == "check") {
    bool good = bench::check_kernels(accelerator);
    good = bench::check_search(accelerator) && good;
    if (!model.empty()) good = bench::check_parity(accelerator, model, number("--batch-tokens")) && good;
    return good ? 0 : 1;
  }
  if (what == "model") {
    bench::measure_model(accelerator, model, options["--precision"], number("--length"), number("--batches"),
                         static_cast<int>(number("--threads")), number("--batch-tokens"));
    return 0;
  }
  if (what == "search") {
    bench::measure_search(accelerator, number("--rows"), number("--columns"));
    return 0;
  }
  throw ConfigError("\"" + what + "\" is unknown; gpus, check, model or search");
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options{
      {"--backend", "cuda"},  {"--model", ""},      {"--precision", "bf16"},
      {"--length", "512"},    {"--batches", "8"},   {"--threads", "16"},
      {"--rows", "10000000"}, {"--columns", "384"}, {"--batch-tokens", "8192"}};
  try {
    for (int i = 2; i < argc; i += 2) {
      if (!options.contains(argv[i]) || i + 1 == argc)
        throw ConfigError(fmt::format("{} is no option, or lacks its value", argv[i]));
      options[argv[i]] = argv[i + 1];
    }
    return run(argc > 1 ? argv[1] : "", options);
  } catch (const Error& error) {
    fmt::print(stderr, "gpu_bench: {}\n", error.what());
    return static_cast<int>(error.code);
  } catch (const std::exception& error) {
    fmt::print(stderr, "gpu_bench: {}\n", error.what());
    return 1;
  }
}
