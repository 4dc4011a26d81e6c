#include <algorithm>

#include "base/digest.hpp"
#include "config/config.hpp"

namespace dream::config {
namespace {

bool on_s3(const std::string& place) { return place.starts_with("s3://"); }

}  // namespace

bool uses_s3(const Config& config) {
  return std::ranges::any_of(config.corpus.sources, on_s3) || on_s3(config.golden.file) ||
         on_s3(config.golden.review) || on_s3(config.sweep.output);
}

std::string output_folder(const Config& config) {
  if (!on_s3(config.sweep.output)) return config.sweep.output;
  return config.sweep.state + "/outputs/" + digest_of(config.sweep.output).hex();
}

}  // namespace dream::config
