#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/params.hpp"
#include "stages/types.hpp"

namespace dream::generate {

/// Answers by quoting: the sentences of the contexts that fit the question best, verbatim. No model, no
/// network; a floor that a language model must beat, and what sweeps use that have none. A sentence's score
/// is BM25 over the sentences of the contexts (stems, English stop words left out), raised when the question
/// asks for a number or a name and the sentence has one. Safe from several threads.
class Extractive {
 public:
  /// params: as extractive_info() describes.
  explicit Extractive(const Params& params);

  /// At most `sentences` sentences in the order of the contexts, joined by a space; of equal sentences the
  /// first. Ties: the earlier sentence. Reasons for no answer: "no_context" (nothing but white space was
  /// given), "no_evidence" (no sentence shares a word with the question). Tokens are 0: nothing is paid for.
  [[nodiscard]] Answer answer(std::string_view question, std::span<const std::string> contexts) const;

 private:
  std::size_t sentences_;
};

/// The row "extractive" of the table of model kinds.
[[nodiscard]] const ComponentInfo& extractive_info();

/// Raised when the same input gives another answer; enters keys.
inline constexpr int extractive_version = 1;

}  // namespace dream::generate
