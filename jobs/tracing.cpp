#include "jobs/tracing.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/errors.hpp"
#include "comm/traced.hpp"
#include "trace/critical_path.hpp"
#include "trace/gather.hpp"
#include "trace/perfetto.hpp"

namespace dream::jobs {
namespace {

std::filesystem::path file_of(const config::Config& config) {
  return std::filesystem::path(config::output_folder(config)) / "trace.json";
}

void write(const trace::RunTrace& run, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  trace::write_perfetto(run, [&](std::string_view text) { file.write(text.data(), std::ssize(text)); });
  file.close();
  if (!file) throw StateError(path.string(), "", "cannot be written; make room, or set sweep.trace = false");
}

}  // namespace

Tracing::Tracing(comm::Communicator& comm, const config::Config& config, bool wanted)
    : trace_(wanted ? Trace::recording(trace::room_for(comm.size())) : Trace()),
      comm_(comm::traced(comm, trace_)) {
  std::error_code ignored;
  if (comm.rank() == 0) std::filesystem::remove(file_of(config), ignored);  // of an earlier run
  if (wanted) at_start_ = trace::compare_clocks(comm_);
}

void Tracing::finish(const config::Config& config, const Log& log) {
  if (!trace_.records()) return;
  const auto run = trace::gather(comm_, trace_, at_start_);
  if (comm_.rank() != 0) return;
  log(Level::info, trace::critical_path(run).sentence());
  std::int64_t forgotten = 0;
  for (const auto& rank : run.ranks) forgotten += rank.record.forgotten;
  try {
    write(run, file_of(config));
    log(Level::info,
        fmt::format("trace.json shows this run at ui.perfetto.dev; times of two ranks compare to {:.3f} ms{}",
                    static_cast<double>(run.clock_error) / 1e6,
                    forgotten > 0 ? fmt::format("; {} short spans are left out", forgotten) : ""));
  } catch (const StateError& e) {
    log(Level::warning, e.what());
  }
}

}  // namespace dream::jobs
