#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tracking/entry.hpp"
#include "tracking/settings.hpp"

namespace dream::tracking {

/// Whose spool it is and where its entries go; what `dream_report --upload` needs beside the environment.
struct SpoolHeader {
  std::string sweep;  ///< key of the sweep's own run
  Settings settings;  ///< without its environments
};

/// A run as the server knows it.
struct RunAddress {
  std::string id;
  std::string artifacts;  ///< "mlflow-artifacts:/1/0a1b/artifacts"
};

/// What is to be sent and what has been, on disk before anything else: OUTPUT/tracking/entries.jsonl and
/// sent.jsonl, lines that are only ever appended. A kill costs at most that something is sent twice, which
/// the server takes for once. One process at a time. May be used by two threads: one that adds, one that
/// sends.
class Spool {
 public:
  /// Continues the spool of this sweep in `output`, or begins one; that of another sweep or server is
  /// replaced. Throws StateError.
  Spool(const std::filesystem::path& output, const SpoolHeader& header);
  /// The spool that is in `output`. Throws ConfigError when there is none.
  explicit Spool(const std::filesystem::path& output);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  [[nodiscard]] const SpoolHeader& header() const { return header_; }
  [[nodiscard]] const std::filesystem::path& output() const { return output_; }

  void add(const Entry& entry);

  /// Entries in the order of add(), from 0.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t sent() const;
  [[nodiscard]] bool is_sent(std::size_t number) const;
  [[nodiscard]] Entry read(std::size_t number) const;
  /// Of the entry, without reading it.
  [[nodiscard]] std::string run_of(std::size_t number) const;
  /// Whether the entry may wait until all runs have their values: files, tables, datasets.
  [[nodiscard]] bool may_wait(std::size_t number) const;

  void mark_sent(std::size_t number);
  void set_address(const std::string& run, const RunAddress& address);
  [[nodiscard]] std::optional<RunAddress> address(const std::string& run) const;

 private:
  struct Line {
    std::int64_t begin = 0;
    std::size_t bytes = 0;
    std::string run;
    bool may_wait = false;
    bool sent = false;
  };
  void lock();
  void load();
  void begin();
  void note(const Entry& entry, std::int64_t begin, std::size_t bytes);
  void append(int file, const std::string& line);

  std::filesystem::path output_;
  SpoolHeader header_;
  /// A file descriptor of its own.
  struct Handle {
    int number = -1;
    Handle() = default;
    ~Handle();
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
  };
  Handle entries_;
  Handle acknowledged_;
  std::int64_t end_ = 0;
  mutable std::mutex mutex_;
  std::vector<Line> lines_;
  std::size_t sent_ = 0;
  std::unordered_map<std::string, std::size_t> said_;  ///< run and slot -> hash of the content
  std::map<std::string, RunAddress> addresses_;
};

}  // namespace dream::tracking
