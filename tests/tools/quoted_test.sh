#!/usr/bin/env bash
# The case that CONTRIBUTING.md teaches from is the one that runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck disable=SC2016  # backquotes of Markdown
quoted=$(sed -n '/^```cpp$/,/^```$/{/^```/!p}' CONTRIBUTING.md)
running=$(sed -n '/^BOOST_AUTO_TEST_CASE/,$p' tests/mpi/lesson_test.cpp)
diff <(echo "$quoted") <(echo "$running") || {
  echo "CONTRIBUTING.md quotes (<) another case than tests/mpi/lesson_test.cpp runs (>)"
  exit 1
}
