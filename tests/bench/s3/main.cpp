// Reads all objects below a URL once, as a sweep reads them, and prints bytes and seconds. peer.py puts boto3 beside it.
#include <fmt/format.h>

#include <chrono>
#include <iostream>

#include "base/errors.hpp"
#include "config/config.hpp"
#include "storage/list.hpp"
#include "storage/read.hpp"

int main(int argc, char** argv) {
  using namespace dream;
  if (argc != 2) {
    std::cerr << "usage: s3_bench s3://BUCKET/PREFIX\n";
    return 2;
  }
  try {
    storage::Settings settings;
    settings.environment = storage::relevant(config::environment(""));
    settings = storage::resolved(settings);
    storage::Service service(settings, storage::find_credentials(settings, no_pulse()));
    const auto objects = storage::list_below(service, storage::parse_url(argv[1]), no_pulse());
    std::int64_t bytes = 0;
    const auto begin = std::chrono::steady_clock::now();
    storage::read_objects(service, objects,
                          {[&](std::size_t, std::string_view block) { bytes += std::ssize(block); },
                           [](std::size_t, const std::string& problem) {
                             if (!problem.empty()) throw CorpusError("object", 0, problem);
                           }},
                          no_pulse());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print("{} objects {} bytes {:.4f} seconds\n", objects.size(), bytes, took.count());
  } catch (const Error& e) {
    std::cerr << "s3_bench: " << e.what() << "\n";
    return static_cast<int>(e.code);
  }
  return 0;
}
