#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.hpp"

namespace dream::config {

/// Where something was written. line 0: not in a file but on the command line; `source` is that option, and
/// `column` its number among the others.
struct Place {
  std::string source;  ///< "sweep.toml" or "--set golden.size=50"
  int line = 0;
  int column = 0;
  bool operator==(const Place&) const = default;
};

enum class Mistake {
  file,       ///< a file that cannot be read
  syntax,     ///< no TOML
  override_,  ///< a --set that is no assignment, or leads through a value
  variable,   ///< ${VAR} that is not set or not closed
  secret,     ///< an api_key that stands in the file, or whose variable or file is missing
  unknown_key,
  missing_key,
  wrong_type,
  out_of_range,
  empty,  ///< a list or text without anything in it
  listed_twice,
  unknown_name,    ///< of a model, method, metric, ...
  wrong_kind,      ///< a model that cannot stand here
  bad_combination  ///< values that are fine alone but not together
};

/// "unknown_key" and so on.
[[nodiscard]] std::string_view name_of(Mistake mistake);

/// One mistake of a config. `message` is the sentence without place and key.
struct Problem {
  Place place;
  std::string key;  ///< "space.method[1].size"; empty when it is about the whole file
  Mistake mistake;
  std::string message;
  /// "sweep.toml:14:9: space.embedder: no model "e6"; did you mean "e5"?"
  [[nodiscard]] std::string text() const;
};

/// A config that cannot be used: all problems, sorted by place, those of --set last.
struct InvalidConfig : ConfigError {
  explicit InvalidConfig(std::vector<Problem> problems);
  std::vector<Problem> problems;
};

/// Collects problems, so that the user gets them all at once, and keeps secrets out of every word of them.
class Problems {
 public:
  void add(Place place, std::string key, Mistake mistake, std::string message);
  /// From now on and back to the first problem, this value is shown as "[secret]". Values below 4 bytes are
  /// no secrets, and hiding them would only tear holes into words.
  void hide(std::string_view secret);
  /// The text in quotes as a message shows it: secrets hidden, control characters escaped, long texts cut.
  /// Use this for every value that goes into a message: after a cut, a secret could no longer be recognised.
  [[nodiscard]] std::string quote(std::string_view text) const;
  /// The same without quotes around it.
  [[nodiscard]] std::string show(std::string_view text, std::size_t bytes) const;
  [[nodiscard]] bool empty() const { return problems_.empty(); }
  /// Throws InvalidConfig when there is any.
  void throw_if_any();

 private:
  [[nodiscard]] std::string hidden(std::string text) const;
  std::vector<Problem> problems_;
  std::vector<std::string> secrets_;
};

/// The path of a key below another one: "space" + "top_k" is space.top_k; names that are no bare TOML keys
/// get quotes.
[[nodiscard]] std::string join(const std::string& path, std::string_view key);

}  // namespace dream::config
