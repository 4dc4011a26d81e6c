#include "base/errors.hpp"

#include <fmt/format.h>

namespace dream {
namespace {

std::string at(const std::string& place, const std::string& item) {
  return item.empty() ? place : place + ": " + item;
}

}  // namespace

CorpusError::CorpusError(std::string path_, int page_, std::string_view what)
    : Error(ExitCode::input, page_ > 0 ? fmt::format("{}: page {}: {}", path_, page_, what)
                                       : fmt::format("{}: {}", path_, what)),
      path(std::move(path_)),
      page(page_) {}

ModelError::ModelError(std::string path_, std::string item_, std::string_view what)
    : Error(ExitCode::input, fmt::format("{}: {}", at(path_, item_), what)),
      path(std::move(path_)),
      item(std::move(item_)) {}

EndpointError::EndpointError(std::string url_, int status_, int attempts_, std::string_view what)
    : Error(ExitCode::endpoint,
            fmt::format("{}: {}{} after {} attempt{}", url_, status_ != 0 ? fmt::format("{} ", status_) : "",
                        what, attempts_, attempts_ == 1 ? "" : "s")),
      url(std::move(url_)),
      status(status_),
      attempts(attempts_) {}

StateError::StateError(std::string path_, std::string item_, std::string_view what)
    : Error(ExitCode::state, fmt::format("{}: {}", at(path_, item_), what)),
      path(std::move(path_)),
      item(std::move(item_)) {}

CommError::CommError(std::string call_, int native_code_, int rank_, std::string_view what)
    : Error(ExitCode::device, fmt::format("rank {}: {}: {} (code {})", rank_, call_, what, native_code_)),
      call(std::move(call_)),
      native_code(native_code_),
      rank(rank_) {}

NotCompiled::NotCompiled(std::string feature_, std::string option_)
    : Error(ExitCode::config, fmt::format("{} needs a build with {}=ON", feature_, option_)),
      feature(std::move(feature_)),
      option(std::move(option_)) {}

Stopped::Stopped(std::string_view reason)
    : Error(ExitCode::resumable, fmt::format("stopped: {}; the same command continues", reason)) {}

namespace detail {
void fail_check(const char* expression, const char* file, int line, const std::string& message) {
  throw InternalError(fmt::format("{}:{}: {} does not hold: {}", file, line, expression, message));
}
}  // namespace detail

}  // namespace dream
