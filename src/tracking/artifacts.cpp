#include <filesystem>
#include <optional>

#include "base/digest.hpp"
#include "base/file.hpp"
#include "calls/prompt.hpp"
#include "judge/built_in_prompts.hpp"
#include "judge/prompts.hpp"
#include "sweep/call_session.hpp"
#include "tracking/tell.hpp"

namespace dream::tracking {
namespace {

namespace fs = std::filesystem;

constexpr const char* prompts_folder = "tracking/prompts";

/// Nothing for a file that is not there.
std::optional<std::string> digest_of_file(const fs::path& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  if (error) return std::nullopt;
  Hasher hasher("tracking/file");
  hasher.add(static_cast<std::int64_t>(bytes));
  read_blocks(path, [&](std::string_view block) { hasher.add_raw(block); });
  return hasher.finish().hex();
}

/// What language models were told, as files in the output folder: they may change or go where they were.
std::vector<std::string> keep_prompts(const config::Config& config, const fs::path& output) {
  std::vector<std::string> names;
  const auto keep = [&](const std::string& name, std::string_view text) {
    fs::create_directories(output / prompts_folder);
    write_file(output / prompts_folder / name, text);
    names.push_back(std::string(prompts_folder) + "/" + name);
  };
  for (const auto& llm : config.space.llms) {
    if (!sweep::is_remote(config.model(llm))) continue;
    const std::string passage = "{passage}";
    std::string text;
    for (const auto& message : calls::answer_prompt("{question}", std::span(&passage, 1)))
      text += message.role + ":\n" + message.content + "\n\n";
    keep("answer.txt", text);
    break;
  }
  if (config.models.contains(config.judge.llm)) {
    for (const auto& name : judge::prompt_files(score::rules_of(config.judge.rules))) {
      const auto& folder = config.judge.prompts;
      keep(name + ".toml", folder.empty() ? std::string(judge::built_in_prompt(name))
                                          : read_file(fs::path(folder) / (name + ".toml")));
    }
  }
  return names;
}

}  // namespace

std::vector<Entry> artifacts(const Subject& subject, const std::string& output) {
  std::vector<Entry> entries;
  const auto add = [&](const std::string& file, const std::string& folder) {
    if (auto digest = digest_of_file(fs::path(output) / file))
      entries.push_back({subject.key, "file " + file, File{file, folder, std::move(*digest)}});
  };
  for (const char* name : {"best.toml", "report.html", "results.csv", "manifest.json"}) add(name, "");
  for (const auto& name : keep_prompts(subject.config, output)) add(name, "prompts");
  const auto questions = digest_of_file(fs::path(output) / "questions.csv");
  if (!questions) return entries;
  for (const auto& trial : subject.plan.trials)
    entries.push_back({key_of(subject.key, trial), "table", Table{trial.number, *questions}});
  return entries;
}

}  // namespace dream::tracking
