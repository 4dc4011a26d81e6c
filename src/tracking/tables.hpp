#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace dream::tracking {

/// The rows of questions.csv by trial, found once and read when they are wanted: the file may be long.
class Tables {
 public:
  /// Throws CorpusError for a file that is not there.
  explicit Tables(std::filesystem::path questions_csv);

  /// The rows of a trial as mlflow.load_table() reads them: {"columns": [...], "data": [[...], ...]}, without
  /// the columns that are the same in all of them. Metrics are numbers or null.
  [[nodiscard]] std::string json_of(std::int64_t trial) const;

 private:
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };
  std::filesystem::path file_;
  std::string header_;
  std::map<std::int64_t, Range> trials_;
};

}  // namespace dream::tracking
