#include "jobs/board.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace dream::jobs {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// What ranks other than 0 do: tell rank 0.
class Teller final : public sweep::Progress {
 public:
  explicit Teller(comm::Communicator& comm) : comm_(comm) {}
  void begin(sweep::Stage, std::int64_t, std::int64_t) override {}
  void advance(std::int64_t more) override {
    untold_ += more;
    if (since(told_) > 0.2) tell();
  }
  void end() override {
    if (untold_ > 0) tell();
  }

 private:
  void tell() {
    comm_.post(untold_);
    untold_ = 0;
    told_ = Clock::now();
  }
  comm::Communicator& comm_;
  std::int64_t untold_ = 0;
  Clock::time_point told_ = Clock::now();
};

class Board final : public sweep::Progress {
 public:
  Board(comm::Communicator& comm, Log log, Watcher watcher)
      : comm_(comm),
        log_(std::move(log)),
        watcher_(std::move(watcher)),
        terminal_(::isatty(STDERR_FILENO) != 0) {
    comm_.set_idle([this] { look(); });
  }
  ~Board() override { comm_.set_idle(nullptr); }

  void begin(sweep::Stage stage, std::int64_t items, std::int64_t done) override {
    (void)comm_.collect();  // what came late for the stage before
    stage_ = stage;
    items_ = items;
    reused_ = done_ = done;
    start_ = Clock::now();
    running_ = true;
    look();
  }

  void advance(std::int64_t more) override {
    done_ += more;
    look();
  }

  void end() override {
    if (!running_) return;
    running_ = false;
    if (watcher_) watcher_(stage_, items_, items_);
    std::string line = fmt::format("  {:<7} {:>6} parts in {:.1f} s", name_of(stage_), items_, since(start_));
    if (reused_ > 0) line += fmt::format(", {} of them were in the state folder", reused_);
    fmt::print(stderr, "{}{}{}\n", terminal_ ? "\r" : "", line, terminal_ ? "\x1b[K" : "");
    std::fflush(stderr);
    log_(Level::info, line);
  }

 private:
  void look() {
    if (!running_) return;
    done_ = std::min(items_, done_ + comm_.collect());
    if (watcher_) watcher_(stage_, items_, done_);
    if (!terminal_ || since(drawn_) < 0.1) return;
    drawn_ = Clock::now();
    const auto fresh = static_cast<double>(done_ - reused_);
    const double rate = fresh / std::max(since(start_), 1e-3);
    const int width = 24;
    const int full = items_ > 0 ? static_cast<int>(width * done_ / items_) : width;
    std::string line =
        fmt::format("  {:<7} [{}{}] {}/{}", name_of(stage_), std::string(static_cast<std::size_t>(full), '='),
                    std::string(static_cast<std::size_t>(width - full), ' '), done_, items_);
    if (fresh > 0 && done_ < items_) {
      line += fmt::format("  {:.1f}/s, {:.0f} s left", rate, static_cast<double>(items_ - done_) / rate);
    }
    fmt::print(stderr, "\r{}\x1b[K", line);
    std::fflush(stderr);
  }

  comm::Communicator& comm_;
  Log log_;
  Watcher watcher_;
  bool terminal_;
  bool running_ = false;
  sweep::Stage stage_ = sweep::Stage::read;
  std::int64_t items_ = 0;
  std::int64_t done_ = 0;
  std::int64_t reused_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = Clock::now() - std::chrono::hours(1);
};

}  // namespace

std::unique_ptr<sweep::Progress> make_board(comm::Communicator& comm, Log log, Watcher watcher) {
  if (comm.rank() == 0) return std::make_unique<Board>(comm, std::move(log), std::move(watcher));
  return std::make_unique<Teller>(comm);
}

}  // namespace dream::jobs
