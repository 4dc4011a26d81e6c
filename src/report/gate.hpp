#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.hpp"
#include "report/record.hpp"

namespace dream::report {

/// A mean that a trial must reach.
struct Gate {
  std::string metric;
  double least = 0;
};

/// "faithfulness=0.8,context_recall=0.7". Throws ConfigError.
[[nodiscard]] std::vector<Gate> parse_gates(std::string_view text);

/// A trial that stays below a gate; the message has a line for each gate that it misses.
struct BelowGate : Error {
  explicit BelowGate(const std::string& message) : Error(ExitCode::gate, message) {}
};

/// Holds a trial against the gates and says of each how it came out: the mean, its 95 % interval, and whether
/// that lies below the gate, above it, or on both sides, when another set of questions could have come out
/// otherwise. A metric without a value stays below. Throws BelowGate when any mean is below.
[[nodiscard]] std::string check_gates(const Record& record, std::size_t trial,
                                      const std::vector<Gate>& gates);

}  // namespace dream::report
