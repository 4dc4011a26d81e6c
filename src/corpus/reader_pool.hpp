#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/pulse.hpp"
#include "corpus/read_result.hpp"

namespace dream::corpus {

struct ReaderOptions {
  std::int64_t readers = 1;                 ///< processes at the same time
  std::int64_t documents_per_reader = 200;  ///< a process is replaced after so many
  std::int64_t cpu_seconds = 60;            ///< per document
  std::int64_t wall_seconds = 0;            ///< per document, by the clock; 0: four times cpu_seconds
  std::int64_t memory_mb = 1024;            ///< address space of a process
  std::int64_t output_mb = 256;             ///< text of one document
};

/// One document to read. `format` as format_of() names it.
struct ReadJob {
  std::string format;
  std::string bytes;
};

/// dream_reader beside the running program. Throws CorpusError when it is not there.
[[nodiscard]] std::filesystem::path find_reader();

/// Whether dream_reader has a reader for this format; all others are rows with `unsupported_format`.
[[nodiscard]] bool is_supported(std::string_view format);

/// Processes that parse documents, so that a hostile one harms a process that holds nothing and can do
/// nothing. Local; use from one thread at a time. The processes live until the pool ends (or the thread that
/// called read()).
class ReaderPool {
 public:
  ReaderPool(std::filesystem::path program, const ReaderOptions& options);
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  /// Results in the order of the jobs. A document that kills its reader, or meets a limit, is a result with a
  /// reason, and does not touch its neighbours: the next document gets a fresh process, and a document whose
  /// reader died is tried once more in a fresh one, so that results depend neither on who came before nor on
  /// one kill. Never hangs: each document ends within wall_seconds by the clock (twice that when tried
  /// again). Throws CorpusError when readers cannot be started at all; whatever `pulse` throws, after killing
  /// the readers at work. Calls `pulse` at least ten times a second.
  [[nodiscard]] std::vector<ReadResult> read(std::span<const ReadJob> jobs, const Pulse& pulse);

 private:
  class Slot;
  void run(std::span<const ReadJob> jobs, std::deque<std::size_t>& waiting, std::vector<ReadResult>& results,
           const Pulse& pulse);
  std::filesystem::path program_;
  ReaderOptions options_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace dream::corpus
