#include "judge/prompts.hpp"

#include "judge/readings.hpp"

namespace dream::judge {
namespace {

constexpr std::int64_t layout_version = 1;  ///< of messages(); a test pins its bytes

/// The file behind each step.
std::array<std::string, step_count> file_names(score::Rules rules) {
  const bool texts = rules == score::Rules::ragas_0_1;
  return {"statements", "support",     texts ? "question_in_context" : "question",
          "usefulness", "attribution", texts ? "classification_of_texts" : "classification"};
}

Digest digest_of_all(const Prompts& prompts) {
  Hasher hasher("judge/prompts");
  hasher.add(layout_version).add(prompts.repair);
  for (const auto& prompt : prompts.steps) add_to(hasher, prompt);
  return hasher.finish();
}

}  // namespace

std::vector<std::string> prompt_files(score::Rules rules) {
  const auto names = file_names(rules);
  std::vector<std::string> files(names.begin(), names.end());
  files.emplace_back("repair");
  return files;
}

Prompts load_prompts(const std::string& folder, score::Rules rules) {
  PromptFolder files(folder, "judge.prompts");
  Prompts prompts;
  const auto names = file_names(rules);
  for (std::size_t i = 0; i < names.size(); ++i) {
    prompts.steps[i] = files.read(names[i], [i](std::string_view output) {
      return read_object(static_cast<Step>(i), output).reason.empty();
    });
  }
  prompts.repair = files.read_instruction("repair");
  files.throw_if_any();
  prompts.digest = digest_of_all(prompts);
  return prompts;
}

}  // namespace dream::judge
