#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dream {

/// The tracks of one rank: what stage it is in, what it works at, when it waits for other ranks, and when for
/// its calls to endpoints. Spans of one track lie within or beside each other, for one thread makes them all.
enum class Track : std::uint8_t { stage, work, wait, calls };
inline constexpr int track_count = 4;

/// What one rank did when. Times are nanoseconds of a clock of its own.
struct TraceRecord {
  struct Span {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t number = -1;  ///< of a part, or how many; -1: none
    std::int32_t name = 0;     ///< index into `names`
    Track track = Track::stage;
  };
  /// A counter's value from here on.
  struct Count {
    std::int64_t at = 0;
    std::int64_t value = 0;
    std::int32_t name = 0;
  };
  /// A moment at which all ranks have met: the nth of one rank is the nth of every rank.
  struct Meeting {
    std::int64_t busy = 0;    ///< time before it, from the start, without that spent waiting for ranks
    std::int64_t calls = 0;   ///< of `busy`: waiting for calls
    std::int32_t stage = -1;  ///< in which the ranks meet, index into `names`; -1: in none
  };

  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t waited = 0;  ///< for other ranks
  std::vector<std::string> names;
  std::vector<Span> spans;
  std::vector<Count> counts;
  std::vector<Meeting> meetings;
  std::int64_t stride = 1;     ///< only every so many-th meeting is kept
  std::int64_t forgotten = 0;  ///< spans and counts for which there was no room
};

struct TraceState;

/// Records what this rank does, in bounded memory: where it runs full, the shortest spans and every second
/// count are forgotten, so that what is left still covers the whole run. A value like Pulse and Log: copies
/// record into the same place, and a default one records nothing. One thread.
class Trace {
 public:
  using Clock = std::function<std::int64_t()>;

  Trace() = default;
  /// Holds at most `most` spans, as many counts and as many meetings.
  [[nodiscard]] static Trace recording(std::int64_t most, Clock clock = steady);
  [[nodiscard]] bool records() const { return state_ != nullptr; }

  /// A span lasts from its making to its end of life.
  class Span {
   public:
    Span() = default;
    Span(Span&& other) noexcept = default;
    Span& operator=(Span&& other) = delete;
    ~Span();

   private:
    friend class Trace;
    std::shared_ptr<TraceState> state_;
    TraceRecord::Span span_;
    std::int32_t outer_ = -1;  ///< the stage around this one
  };
  /// `number`: of a part, or how many things are done in it.
  [[nodiscard]] Span span(Track track, std::string_view name, std::int64_t number = -1) const;
  /// The value of a counter, from now on.
  void count(std::string_view name, std::int64_t value) const;
  /// To be called when all ranks meet, alike on all of them, before this one waits for the others.
  void meet() const;

  /// All of it up to now. Spans that are still open are missing.
  [[nodiscard]] TraceRecord record() const;

  /// Nanoseconds since some moment in the past, alike for all processes of a host.
  [[nodiscard]] static std::int64_t steady();

 private:
  std::shared_ptr<TraceState> state_;
};

}  // namespace dream
