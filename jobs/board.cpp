#include "jobs/board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "jobs/board_figures.hpp"
#include "jobs/board_lines.hpp"
#include "jobs/terminal.hpp"

namespace dream::jobs {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// What ranks other than 0 do: tell rank 0.
class Teller final : public sweep::Progress {
 public:
  explicit Teller(comm::Communicator& comm) : comm_(comm) {}
  void begin(sweep::Stage, std::int64_t, std::int64_t) override {}
  void advance(std::int64_t more) override {
    changes_.parts(more);
    tell_in_time();
  }
  void calls(const sweep::CallsNow& now) override {
    changes_.calls(now);
    tell_in_time();
  }
  void scored(int node, const stats::FixedMoments& moments) override { changes_.scored(node, moments); }
  void end() override { tell(); }

 private:
  void tell_in_time() {
    if (since(told_) > 0.2) tell();
  }
  void tell() {
    told_ = Clock::now();
    if (const auto counts = changes_.take(); !counts.empty()) comm_.post(counts);
  }
  comm::Communicator& comm_;
  Changes changes_;
  Clock::time_point told_ = Clock::now();
};

class Board final : public sweep::Progress {
 public:
  Board(comm::Communicator& comm, const config::Config& config, Log log, Watcher watcher)
      : comm_(comm),
        config_(config),
        log_(std::move(log)),
        watcher_(std::move(watcher)),
        terminal_(find_terminal()) {
    view_.budget_usd = config.objective.budget_usd;
    view_.budget_tokens = config.objective.budget_tokens;
    comm_.set_idle([this] { look(); });
  }
  ~Board() override { comm_.set_idle(nullptr); }

  void planned(const sweep::Plan& plan) override { plan_ = plan; }

  void begin(sweep::Stage stage, std::int64_t items, std::int64_t done) override {
    hear();
    totals_.parts = 0;  // what came late was for the stage before
    sent_before_ = totals_.sent;
    stage_ = stage;
    view_.stage = name_of(stage);
    view_.items = items;
    view_.reused = view_.done = done;
    start_ = said_ = Clock::now();
    running_ = true;
    look();
  }

  void advance(std::int64_t more) override {
    changes_.parts(more);
    look();
  }
  void calls(const sweep::CallsNow& now) override {
    changes_.calls(now);
    look();
  }
  void scored(int node, const stats::FixedMoments& moments) override { changes_.scored(node, moments); }

  void end() override {
    if (!running_) return;
    hear();
    running_ = false;
    if (watcher_) watcher_(stage_, view_.items, view_.items);
    view_.done = view_.items;
    view_.seconds = since(start_);
    const auto line = plain_end_line(view_);
    if (terminal_) erase();
    say((terminal_ ? end_line(view_, how()) : line) + "\n");
    log_(Level::info, line);
  }

 private:
  [[nodiscard]] Look how() const { return {terminal_->columns(), !is_set("NO_COLOR")}; }

  void hear() {
    totals_.add(changes_.take());
    totals_.add(comm_.collect());
  }

  void look() {
    if (!running_ || since(looked_) < 0.05) return;
    looked_ = Clock::now();
    hear();
    view_.done = std::min(view_.items, view_.reused + totals_.parts);
    if (watcher_) watcher_(stage_, view_.items, view_.done);
    if (terminal_ && since(drawn_) > 0.1) draw();
    if (since(said_) > 60) {
      said_ = Clock::now();
      const auto line = plain_line(view());
      if (!terminal_) say(line + "\n");
      log_(Level::info, line);
    }
  }

  const BoardView& view() {
    view_.seconds = since(start_);
    view_.in_flight = totals_.in_flight;
    view_.sent = totals_.sent;
    view_.sent_here = totals_.sent - sent_before_;
    view_.usd = totals_.usd;
    view_.tokens = totals_.tokens;
    view_.leader = leader_of(totals_, plan_, config_);
    return view_;
  }

  void draw() {
    drawn_ = Clock::now();
    erase();
    const auto lines = board_lines(view(), how());
    std::string text;
    for (const auto& line : lines) text += (text.empty() ? "" : "\n") + line;
    say(text);
    below_ = lines.size() - 1;
  }

  /// The cursor stands at the end of the last line that was drawn, so that a message that comes between
  /// begins below it.
  void erase() {
    say(below_ > 0 ? fmt::format("\r\x1b[{}A\x1b[J", below_) : "\r\x1b[J");
    below_ = 0;
  }

  static void say(const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }

  comm::Communicator& comm_;
  const config::Config& config_;
  Log log_;
  Watcher watcher_;
  std::optional<Terminal> terminal_;
  bool running_ = false;
  sweep::Plan plan_;
  Changes changes_;  ///< of rank 0 itself
  Totals totals_;
  std::int64_t sent_before_ = 0;  ///< calls of earlier stages
  sweep::Stage stage_ = sweep::Stage::read;
  BoardView view_;
  std::size_t below_ = 0;  ///< lines of the picture below its first
  Clock::time_point start_ = Clock::now();
  Clock::time_point said_ = Clock::now();  ///< the last plain line
  Clock::time_point looked_ = Clock::now() - std::chrono::hours(1);
  Clock::time_point drawn_ = Clock::now() - std::chrono::hours(1);
};

}  // namespace

std::unique_ptr<sweep::Progress> make_board(comm::Communicator& comm, const config::Config& config, Log log,
                                            Watcher watcher) {
  if (comm.rank() == 0) return std::make_unique<Board>(comm, config, std::move(log), std::move(watcher));
  return std::make_unique<Teller>(comm);
}

}  // namespace dream::jobs
