#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "judge/prompt_file.hpp"
#include "stages/score/ragas.hpp"

/// What a language model is asked as a judge: prompts as data, requests, and what their replies say. The
/// rules that make scores of it are stages/score/ragas.hpp; who sends the requests is the sweep's business.
namespace dream::judge {

/// The kinds of requests.
enum class Step { statements, support, question, usefulness, attribution, classification };
inline constexpr int step_count = 6;

/// The prompts of one set of rules.
struct Prompts {
  std::array<Prompt, step_count> steps;
  std::string repair;  ///< what is said to a reply that does not fit
  Digest digest;       ///< of every word above
  [[nodiscard]] const Prompt& of(Step step) const { return steps[static_cast<std::size_t>(step)]; }
};

/// The names of the files that these rules need, without ".toml".
[[nodiscard]] std::vector<std::string> prompt_files(score::Rules rules);

/// Reads the prompts from a folder; an empty name: the built-in ones, which are compiled in. Throws
/// InvalidConfig with every missing file, missing or empty field, schema or example that is no JSON, and
/// example whose output the program could not read, each with its place.
[[nodiscard]] Prompts load_prompts(const std::string& folder, score::Rules rules);

}  // namespace dream::judge
