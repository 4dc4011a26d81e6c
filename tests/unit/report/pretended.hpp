#pragma once
#include "tests/support/pretended_sweep.hpp"
#include "tests/support/test.hpp"

namespace dream::test {

/// In the folder of its case.
struct Pretended : PretendedAt {
  /// own: a folder of its own, where a case has two.
  Pretended(int methods, int questions, int top_k, const std::string& own = "")
      : PretendedAt(methods, questions, top_k, own.empty() ? folder() : folder() / own) {}
};

}  // namespace dream::test
