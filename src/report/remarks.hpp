#pragma once
#include <string>

#include "stages/types.hpp"

/// A judge's verdicts as readers see them.
namespace dream::report {

/// What the verdict says: "supported", "not in the contexts", "only in the answer", ...
[[nodiscard]] std::string in_words(const Remark& remark);

/// Whether it speaks for the answer or its contexts.
[[nodiscard]] bool is_good(const Remark& remark);

}  // namespace dream::report
