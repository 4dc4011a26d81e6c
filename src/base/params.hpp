#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dream {

/// A parameter's value. A list of integers is one value (the levels of a hierarchy); sweeping over several
/// values is the config's business.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;

/// "true", "0.5", "text", "[512, 256]": the value as TOML writes it. Equal values give equal text.
[[nodiscard]] std::string to_text(const Value& value);

/// Named values in the order of their names. What enters a key is canonical(), so equal parameters are equal
/// nodes.
class Params {
 public:
  Params() = default;
  Params(std::initializer_list<std::pair<const std::string, Value>> values) : values_(values) {}

  void set(std::string name, Value value) { values_.insert_or_assign(std::move(name), std::move(value)); }
  [[nodiscard]] bool has(std::string_view name) const {
    return values_.find(std::string(name)) != values_.end();
  }
  /// The value of that name and type. Throws InternalError when there is none: the config has checked names
  /// and types.
  template <class T>
  [[nodiscard]] const T& get(std::string_view name) const {
    return std::get<T>(at(name));
  }
  /// "size = 256, overlap = 32"-like text, sorted by name.
  [[nodiscard]] std::string canonical() const;
  [[nodiscard]] const std::map<std::string, Value>& all() const { return values_; }
  bool operator==(const Params&) const = default;

 private:
  [[nodiscard]] const Value& at(std::string_view name) const;
  std::map<std::string, Value> values_;
};

/// What a config may say of one parameter. A dot makes a sub-table: "limits.in_flight".
struct ParamInfo {
  std::string name;
  Value default_value;          ///< also fixes the type
  std::string help;             ///< one line: meaning, unit
  std::optional<double> min{};  ///< smallest allowed number (or list element)
  std::optional<double> max{};
  bool required = false;  ///< default_value is then only the type
};

/// A row of a table of names: a chunker, a kind of model, a metric, a search. `--list` prints these.
struct ComponentInfo {
  std::string name;
  std::string summary;
  std::vector<ParamInfo> params{};
};

/// All parameters of a component at their defaults.
[[nodiscard]] Params defaults_of(const ComponentInfo& info);

/// A component and its parameters, as the config chose them, complete with defaults.
struct Choice {
  std::string name;
  Params params;
  bool operator==(const Choice&) const = default;
  /// "overlap(overlap = 32, size = 256)": for tables and keys.
  [[nodiscard]] std::string canonical() const { return name + "(" + params.canonical() + ")"; }
};

}  // namespace dream
