#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "calls/chat.hpp"
#include "config/problems.hpp"

/// Prompts as data: what a language model is told, in files that users may replace.
namespace dream::judge {

struct Example {
  std::string input;   ///< compact JSON
  std::string output;  ///< compact JSON
};

/// A prompt file: inputs/prompts/<name>.toml.
struct Prompt {
  std::string instruction;
  std::string schema;  ///< compact JSON
  std::vector<Example> examples;
};

/// Reads prompt files of one folder, and collects all that is wrong with them.
class PromptFolder {
 public:
  /// folder: empty means the built-in prompts, which are compiled in. key: the config's key that names the
  /// folder, for messages.
  PromptFolder(std::string folder, std::string key) : folder_(std::move(folder)), key_(std::move(key)) {}

  /// <name>.toml. `fits`: whether the program can read this output of an example.
  [[nodiscard]] Prompt read(const std::string& name, const std::function<bool(std::string_view)>& fits);
  /// <name>.toml that has nothing but an instruction.
  [[nodiscard]] std::string read_instruction(const std::string& name);

  /// Throws InvalidConfig with every missing file, missing or empty field, schema or example that is no JSON,
  /// and example that does not fit, each with its place.
  void throw_if_any() { problems_.throw_if_any(); }

 private:
  std::string folder_;
  std::string key_;
  config::Problems problems_;
};

/// Puts every word of a prompt into a hash.
void add_to(Hasher& hasher, const Prompt& prompt);

/// The messages of a request: the instruction and the schema; each example as a turn; and the input, JSON in
/// a message of its own, so that no text of a document can pose as instruction.
[[nodiscard]] std::vector<calls::Message> messages(const Prompt& prompt, const std::string& input);

}  // namespace dream::judge
