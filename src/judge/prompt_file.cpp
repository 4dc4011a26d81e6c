#include "judge/prompt_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.hpp"
#include "config/tree.hpp"
#include "judge/built_in_prompts.hpp"

namespace dream::judge {
namespace {

using config::Mistake;
using config::Node;
using config::Problems;
using nlohmann::json;

constexpr const char* remedy =
    "look at inputs/prompts of the source tree, or at docs/metrics.md, for the form";

/// A text field of a table, or a problem and nothing.
std::string text_field(const Node& table, const std::string& path, const char* name, Problems& problems) {
  const auto* node = table.find(name);
  if (node == nullptr) {
    problems.add(table.place, config::join(path, name), Mistake::missing_key,
                 fmt::format("is missing; a prompt needs it; {}", remedy));
  } else if (node->type != config::Type::text) {
    problems.add(node->place, config::join(path, name), Mistake::wrong_type,
                 fmt::format("found {}; wanted a text", config::name_of(node->type)));
  } else if (node->text.find_first_not_of(" \t\r\n") == std::string::npos) {
    problems.add(node->place, config::join(path, name), Mistake::empty,
                 "is empty; write what the model shall read");
  } else {
    return node->text;
  }
  return {};
}

/// A field that holds a JSON object, compact.
std::string json_field(const Node& table, const std::string& path, const char* name, Problems& problems) {
  const auto text = text_field(table, path, name, problems);
  if (text.empty()) return {};
  const auto value = json::parse(text, nullptr, false);
  if (value.is_object()) return value.dump();
  problems.add(table.find(name)->place, config::join(path, name), Mistake::wrong_type,
               fmt::format("is no JSON object; {}", remedy));
  return {};
}

std::vector<Example> examples_of(const Node& table, const std::function<bool(std::string_view)>& fits,
                                 Problems& problems) {
  std::vector<Example> examples;
  const auto* list = table.find("examples");
  if (list == nullptr || list->type != config::Type::list || list->items.empty()) {
    problems.add(
        list == nullptr ? table.place : list->place, "examples", Mistake::missing_key,
        fmt::format("are missing; a prompt needs at least one [[examples]] with input and output; {}",
                    remedy));
    return examples;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const auto& item = list->items[i];
    const auto path = fmt::format("examples[{}]", i);
    Example example{json_field(item, path, "input", problems), json_field(item, path, "output", problems)};
    if (!example.output.empty() && !fits(example.output)) {
      problems.add(item.find("output")->place, path + ".output", Mistake::out_of_range,
                   fmt::format("lacks fields that the program reads from such a reply; {}", remedy));
    }
    examples.push_back(std::move(example));
  }
  return examples;
}

/// A file's bytes; nothing and a problem when it cannot be read.
std::string bytes_of(const std::string& folder, const std::string& key, const std::string& name,
                     const std::string& source, Problems& problems) {
  if (folder.empty()) return std::string(built_in_prompt(name));
  try {
    return read_file(source);
  } catch (const CorpusError& e) {
    problems.add(
        {source, 0, 0}, key, Mistake::file,
        fmt::format("{}; copy the file from inputs/prompts of the source tree and change it", e.what()));
    return {};
  }
}

/// A prompt file as a tree.
std::optional<Node> tree_of(const std::string& folder, const std::string& key, const std::string& name,
                            Problems& problems) {
  const auto source =
      (std::filesystem::path(folder.empty() ? "built-in prompts" : folder) / (name + ".toml")).string();
  const auto bytes = bytes_of(folder, key, name, source, problems);
  if (bytes.empty()) return std::nullopt;
  auto tree = config::parse(bytes, source, problems);
  if (tree) tree->place = {source, 1, 1};
  const auto* version = tree ? tree->find("version") : nullptr;
  if (tree && (version == nullptr || version->type != config::Type::integer)) {
    problems.add(version == nullptr ? tree->place : version->place, "version", Mistake::missing_key,
                 "is missing; write version = 1, and raise it with every change");
  }
  return tree;
}

}  // namespace

Prompt PromptFolder::read(const std::string& name, const std::function<bool(std::string_view)>& fits) {
  const auto tree = tree_of(folder_, key_, name, problems_);
  if (!tree) return {};
  return {text_field(*tree, "", "instruction", problems_), json_field(*tree, "", "schema", problems_),
          examples_of(*tree, fits, problems_)};
}

std::string PromptFolder::read_instruction(const std::string& name) {
  const auto tree = tree_of(folder_, key_, name, problems_);
  return tree ? text_field(*tree, "", "instruction", problems_) : "";
}

void add_to(Hasher& hasher, const Prompt& prompt) {
  hasher.add(prompt.instruction).add(prompt.schema).add(std::ssize(prompt.examples));
  for (const auto& example : prompt.examples) hasher.add(example.input).add(example.output);
}

std::vector<calls::Message> messages(const Prompt& prompt, const std::string& input) {
  const std::string label = "Input:\n";
  std::vector<calls::Message> out{
      {"system", prompt.instruction + "\n\nJSON schema of the reply:\n" + prompt.schema}};
  for (const auto& example : prompt.examples) {
    out.push_back({"user", label + example.input});
    out.push_back({"assistant", example.output});
  }
  out.push_back({"user", label + input});
  return out;
}

}  // namespace dream::judge
