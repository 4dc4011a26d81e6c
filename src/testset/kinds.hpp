#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "config/config.hpp"

/// Makes a golden dataset from the documents of a corpus: docs/testset.md.
namespace dream::testset {

/// What a question asks of whoever answers it.
enum class Kind : std::int32_t {
  simple,         ///< one passage states the answer
  reasoning,      ///< the answer follows from several statements of one passage
  multi_context,  ///< it takes two passages
  conditional,    ///< a condition in the question decides the answer
  unanswerable    ///< the documents do not answer it
};
inline constexpr int kind_count = 5;
[[nodiscard]] std::string_view name_of(Kind kind);

using KindCounts = std::array<std::int64_t, kind_count>;

/// How many questions of each kind: testset.size in the shares of testset.kinds, by largest remainder, ties
/// to the earlier kind.
[[nodiscard]] KindCounts counts_of(const config::Testset& settings);

}  // namespace dream::testset
