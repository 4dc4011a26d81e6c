#include "jobs/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

#include "base/errors.hpp"

namespace dream::jobs {
namespace {

/// One line per message, whatever a document's name or a server's words hold.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace

Log open_log(const std::string& path, net::Redactor redact) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error)
    throw StateError(path, "",
                     "cannot make its folder: " + error.message() + "; choose another sweep.output");
  try {
    auto logger =
        std::make_shared<spdlog::logger>("sweep", std::make_shared<spdlog::sinks::basic_file_sink_st>(path));
    logger->set_pattern("%Y-%m-%dT%H:%M:%S%z %l %v");
    logger->flush_on(spdlog::level::info);
    return [logger, redact = std::move(redact)](Level level, std::string_view text) {
      logger->log(level == Level::warning ? spdlog::level::warn : spdlog::level::info, "{}",
                  one_line(redact(text)));
    };
  } catch (const spdlog::spdlog_ex& e) {
    throw StateError(path, "", std::string("cannot write: ") + e.what() + "; choose another sweep.output");
  }
}

}  // namespace dream::jobs
