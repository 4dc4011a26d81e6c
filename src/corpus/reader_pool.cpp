#include "corpus/reader_pool.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <optional>
#include <system_error>

#include "base/errors.hpp"
#include "corpus/collection.hpp"
#include "corpus/frame.hpp"
#include "corpus/reader_process.hpp"

namespace dream::corpus {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::array<std::string_view, 4> supported{"pdf", "md", "txt", member_format};
constexpr int tick_ms = 50;
constexpr double start_seconds = 120;  // a program on a busy network file system may need long to load
constexpr int wall_factor = 4;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

/// What a process's end says about the document that it had.
ReadResult explain(const ProcessEnd& how) {
  const auto said = how.errors.empty() ? "" : ": " + how.errors;
  if (how.errors.find("ut of memory") != std::string::npos)
    return failed(reason::memory, "the reader ran out of memory" + said);
  if (how.signal == SIGXCPU) return failed(reason::timeout, "the reader used up its CPU time");
  if (how.signal == SIGKILL)
    return failed(reason::memory, "the reader was killed, as the kernel does when memory is short");
  if (how.signal == SIGSYS) return failed(reason::crash, "the reader tried a forbidden system call" + said);
  if (how.signal != 0)
    return failed(reason::crash, std::string("the reader died: ") + ::strsignal(how.signal) + said);
  return failed(reason::crash, "the reader ended with status " + std::to_string(how.status) + said);
}

}  // namespace

std::filesystem::path find_reader() {
  std::error_code code;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
  auto path = self.parent_path() / "dream_reader";
  if (code || !std::filesystem::exists(path, code)) {
    throw CorpusError(path.string(), 0, "the document reader is not there; install it beside this program");
  }
  return path;
}

bool is_supported(std::string_view format) {
  return std::find(supported.begin(), supported.end(), format) != supported.end();
}

/// A place for one process, and the document that it is reading.
class ReaderPool::Slot {
 public:
  explicit Slot(const ReaderPool& pool) : pool_(pool) {}

  [[nodiscard]] bool busy() const { return job_.has_value(); }
  [[nodiscard]] std::size_t job() const { return job_.value(); }
  [[nodiscard]] bool used() const { return served_ > 0; }

  /// Gives the slot a document. `fresh`: in a process that has read none.
  void start(std::size_t index, const ReadJob& job, bool fresh) {
    if (served_ >= pool_.options_.documents_per_reader || (fresh && used())) drop();
    if (!process_) {
      process_ = std::make_unique<ReaderProcess>(pool_.program_, arguments());
      ready_ = false;
    }
    job_ = index;
    last_try_ = fresh;
    out_ = frame::encode({job.format, job.bytes});
    rest_ = out_;
    in_.clear();
    begin_clocks();
  }

  [[nodiscard]] pollfd wish() const {
    return {process_->socket(), static_cast<short>(rest_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
  }

  /// Moves bytes after poll(); a result once there is one.
  std::optional<ReadResult> step(short events) {
    if ((events & POLLOUT) != 0 && !rest_.empty())
      process_->send(rest_);  // a closed end shows up in receive()
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const auto io = process_->receive(in_);
      if (auto result = take_reply()) return result;
      if (io == ReaderProcess::Io::closed) return died();
    }
    return over_limit();
  }

  /// Kills the process; the next document gets a fresh one.
  ProcessEnd drop() {
    ProcessEnd how;
    if (process_) how = process_->end();
    process_.reset();
    job_.reset();
    served_ = 0;
    return how;
  }

 private:
  [[nodiscard]] std::vector<std::string> arguments() const {
    const auto& o = pool_.options_;
    return {"--cpu-seconds", std::to_string(o.cpu_seconds), "--memory-mb", std::to_string(o.memory_mb),
            "--output-mb",   std::to_string(o.output_mb)};
  }

  void begin_clocks() {
    began_ = Clock::now();
    cpu_began_ = process_->cpu_seconds();
  }

  /// The payload at the head of `in_`, once it is whole.
  [[nodiscard]] std::optional<std::string_view> payload() const {
    const std::string_view in(in_);
    if (in.size() < frame::header_size) return std::nullopt;
    const auto size = frame::payload_size(in.substr(0, frame::header_size));
    if (in.size() - frame::header_size < size) return std::nullopt;
    return in.substr(frame::header_size, size);
  }

  std::optional<ReadResult> take_reply() {
    if (!ready_) {
      const auto first = payload();
      if (!first) return std::nullopt;
      if (*first != frame::hello) {
        throw CorpusError(pool_.program_.string(), 0,
                          "is no document reader of this version; install both together");
      }
      in_.erase(0, frame::header_size + first->size());
      ready_ = true;
      begin_clocks();
    }
    if (in_.size() >= frame::header_size &&
        frame::payload_size(std::string_view(in_).substr(0, frame::header_size)) > most_bytes()) {
      return too_much();
    }
    const auto reply = payload();
    if (!reply) return std::nullopt;
    auto result = frame::decode_result(*reply);
    if (!result || in_.size() != frame::header_size + reply->size()) return garbage();
    if (result->reason == reason::memory) drop();  // its heap is in pieces; the next one deserves a whole one
    job_.reset();
    ++served_;
    return result;
  }

  // The reader counts its text itself; this is the limit for one that no longer does what we wrote.
  [[nodiscard]] std::uint64_t most_bytes() const {
    return static_cast<std::uint64_t>(pool_.options_.output_mb + 1) << 20;
  }

  ReadResult too_much() {
    drop();
    return failed(reason::output_limit,
                  "more than " + std::to_string(pool_.options_.output_mb) + " MB of text");
  }

  ReadResult garbage() {
    drop();
    return failed(reason::crash, "the reader's reply makes no sense");
  }

  ReadResult died() {
    const bool was_ready = ready_;
    auto result = explain(drop());
    // One that the system killed before it was ready says nothing about the program, unless it happens again.
    if (!was_ready && (last_try_ || result.reason != reason::memory)) {
      throw CorpusError(pool_.program_.string(), 0, "the document reader does not start; " + result.detail);
    }
    return result;
  }

  std::optional<ReadResult> over_limit() {
    const auto& o = pool_.options_;
    const auto waited = seconds_since(began_);
    if (!ready_) {
      if (waited < start_seconds) return std::nullopt;
      throw CorpusError(pool_.program_.string(), 0, "the document reader does not get ready");
    }
    if (in_.size() > most_bytes()) return too_much();
    if (process_->cpu_seconds() - cpu_began_ > static_cast<double>(o.cpu_seconds)) {
      drop();
      return failed(reason::timeout, "more than " + std::to_string(o.cpu_seconds) + " s of CPU time");
    }
    if (waited > static_cast<double>(o.wall_seconds)) {
      drop();
      return failed(reason::timeout, "no result after " + std::to_string(o.wall_seconds) + " s");
    }
    return std::nullopt;
  }

  const ReaderPool& pool_;
  std::unique_ptr<ReaderProcess> process_;
  std::optional<std::size_t> job_;
  Bytes out_;
  std::span<const char> rest_;  // the part of `out_` that is still to be sent
  std::string in_;
  bool ready_ = false;
  bool last_try_ = false;
  std::int64_t served_ = 0;
  Clock::time_point began_;
  double cpu_began_ = 0;
};

namespace {

bool worth_a_fresh_reader(const ReadResult& result) {
  return result.reason == reason::crash || result.reason == reason::memory;
}

}  // namespace

ReaderPool::ReaderPool(std::filesystem::path program, const ReaderOptions& options)
    : program_(std::move(program)), options_(options) {
  if (options_.wall_seconds <= 0) options_.wall_seconds = wall_factor * options_.cpu_seconds;
  for (std::int64_t i = 0; i < std::max<std::int64_t>(1, options_.readers); ++i) {
    slots_.push_back(std::make_unique<Slot>(*this));
  }
}

ReaderPool::~ReaderPool() = default;

void ReaderPool::run(std::span<const ReadJob> jobs, std::deque<std::size_t>& waiting,
                     std::vector<ReadResult>& results, const Pulse& pulse) {
  std::vector<pollfd> wishes;
  std::vector<Slot*> busy;
  std::vector<bool> again(jobs.size());
  for (;;) {
    pulse();
    wishes.clear();
    busy.clear();
    for (auto& slot : slots_) {
      if (!slot->busy() && !waiting.empty()) {
        const auto next = waiting.front();
        waiting.pop_front();
        slot->start(next, jobs[next], again[next]);
      }
      if (!slot->busy()) continue;
      busy.push_back(slot.get());
      wishes.push_back(slot->wish());
    }
    if (busy.empty()) return;
    // poll() may be interrupted; events are then zero and only the limits are looked at.
    if (::poll(wishes.data(), wishes.size(), tick_ms) < 0) {
      for (auto& wish : wishes) wish.revents = 0;
    }
    for (std::size_t i = 0; i < busy.size(); ++i) {
      const auto job = busy[i]->job();
      auto result = busy[i]->step(wishes[i].revents);
      if (!result) continue;
      if (!again[job] && worth_a_fresh_reader(*result)) {
        again[job] = true;
        waiting.push_front(job);
      } else {
        results[job] = std::move(*result);
      }
    }
  }
}

std::vector<ReadResult> ReaderPool::read(std::span<const ReadJob> jobs, const Pulse& pulse) {
  std::vector<ReadResult> results(jobs.size());
  std::deque<std::size_t> waiting;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!is_supported(jobs[i].format)) {
      results[i] = failed(reason::unsupported_format, "no reader for \"" + jobs[i].format + "\"");
    } else if (jobs[i].bytes.empty()) {
      results[i] = failed(reason::empty, "the file has no bytes");
    } else {
      waiting.push_back(i);
    }
  }
  try {
    run(jobs, waiting, results, pulse);
  } catch (...) {
    for (auto& slot : slots_) {
      if (slot->busy()) slot->drop();
    }
    throw;
  }
  return results;
}

}  // namespace dream::corpus
