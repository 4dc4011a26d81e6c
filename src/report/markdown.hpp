#pragma once
#include <string>
#include <vector>

#include "report/record.hpp"
#include "stats/verdict.hpp"

namespace dream::report {

/// A table as GitHub, GitLab and MLflow render it. Cells are data: what would be markup is escaped.
class MarkdownTable {
 public:
  explicit MarkdownTable(const std::vector<std::string>& head);
  void row(const std::vector<std::string>& cells);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// "overlap(overlap=16, size=64), minilm, top_k 4, quote".
[[nodiscard]] std::string choices_of(const RecordedTrial& trial);

/// The verdict and a table of the best `most` trials: the objective with its 95 % interval, the other
/// metrics' means, cost.
[[nodiscard]] std::string markdown(const Record& record, const stats::Verdict& verdict,
                                   std::size_t most = 20);

}  // namespace dream::report
