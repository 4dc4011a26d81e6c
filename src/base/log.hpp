#pragma once
#include <functional>
#include <string_view>

namespace dream {

enum class Level { info, warning };

/// Where a library tells what it did. The program decides where lines go, and redacts secrets there;
/// libraries themselves never print.
using Log = std::function<void(Level, std::string_view)>;

inline Log no_log() {
  return [](Level, std::string_view) {};
}

}  // namespace dream
