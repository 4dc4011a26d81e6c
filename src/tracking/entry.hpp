#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What a tracking server is told: small values in the order in which they happened, each about one run. A
/// run is named by a key of ours, that means the same in every start of the program.
namespace dream::tracking {

using Named = std::vector<std::pair<std::string, std::string>>;

/// A run begins to exist.
struct NewRun {
  std::string parent;  ///< key, or empty
  std::string name;
  std::int64_t start_ms = 0;
  Named tags;
};

/// Parameters, metrics and tags. What is not finite is no metric.
struct Values {
  Named params;
  std::vector<std::pair<std::string, double>> metrics;
  Named tags;
  std::int64_t time_ms = 0;  ///< of the metrics
  std::int64_t step = 0;     ///< of the metrics
};

enum class Status { running, finished, failed, killed };
struct NewStatus {
  Status status = Status::running;
  std::int64_t time_ms = 0;
};

/// What a run has read.
struct Dataset {
  std::string name;
  std::string digest;  ///< at most 36 characters
  std::string source;
  std::string context;  ///< "evaluation"
  std::int64_t rows = 0;
};

/// A file of the output folder, below `folder` among the run's artifacts.
struct File {
  std::string file;
  std::string folder;
  std::string digest;  ///< of its bytes: a file that changed goes there again
};

/// The answers of a trial as a table that mlflow.load_table() reads.
struct Table {
  std::int64_t trial = 0;
  std::string digest;  ///< of questions.csv, of which it is made
};

struct Entry {
  std::string run;  ///< key
  /// Names what this says of the run: an entry that repeats an earlier one of its slot, but for times, says
  /// nothing. Empty: every one counts.
  std::string slot;
  std::variant<NewRun, Values, NewStatus, Dataset, File, Table> what;
};

/// One line of JSON without a line break, and back. Bytes that are no UTF-8 become U+FFFD. from_line() throws
/// StateError for anything else than what to_line() makes.
[[nodiscard]] std::string to_line(const Entry& entry);
[[nodiscard]] Entry from_line(std::string_view line);

/// The same without times.
[[nodiscard]] std::string content_of(const Entry& entry);

}  // namespace dream::tracking
