#include "config/prepare.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/near_names.hpp"
#include "config/quote.hpp"

namespace dream::config {
namespace {

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

/// The place of an override is its own text; but an api_key in it may be spelled out, and is not repeated.
Place place_of(const std::string& override_, int number) {
  const bool secret = override_.find("api_key") != std::string::npos;
  return {"--set " + (secret ? override_.substr(0, override_.find_first_of("= ")) + "=..." : override_), 0,
          number};
}

void apply(Node& root, const std::string& override_, const Place& place, Problems& problems) {
  const auto equals = override_.find('=');
  const auto path = parse_path(trimmed(std::string_view(override_).substr(0, equals)));
  if (equals == std::string::npos || !path) {
    problems.add(place, "", Mistake::override_, "no assignment; write --set table.key=value");
    return;
  }
  auto value = parse_value(trimmed(std::string_view(override_).substr(equals + 1)), place);
  Node* table = &root;
  std::string name;
  for (const auto& part : *path) {
    name = join(name, part);
    if (table->type != Type::table) {
      problems.add(place, name, Mistake::override_,
                   "its parent is " + std::string(name_of(table->type)) + ", not a table");
      return;
    }
    if (table->find(part) == nullptr) {
      Node made;
      // A section that one --set opens is not where the section's other keys are missed: that is the file.
      made.place = table == &root ? root.place : place;
      table->entries.push_back({part, place, std::move(made)});
    }
    table = table->find(part);
  }
  if (!value) {
    problems.add(place, name, Mistake::syntax,
                 "the value is no TOML; write a number, a word, \"a text\", [a, list]");
    value.emplace();
    value->place = place;
    value->broken = true;
  }
  *table = std::move(*value);
}

/// Replaces the variables of one text.
class Expander {
 public:
  Expander(const std::map<std::string, std::string>& environment, Problems& problems)
      : environment_(environment), problems_(problems) {
    for (const auto& [name, value] : environment) names_.push_back(name);
  }

  void expand(Node& node, const std::string& path) {
    if (node.type == Type::text) expand_text(node, path);
    for (std::size_t i = 0; i < node.items.size(); ++i)
      expand(node.items[i], path + "[" + std::to_string(i) + "]");
    for (auto& entry : node.entries) expand(entry.value, join(path, entry.key));
  }

 private:
  void expand_text(Node& node, const std::string& path) {
    const std::string_view text = node.text;
    std::string result;
    std::size_t i = 0;
    while (i < text.size()) {
      if (text.substr(i, 3) == "$${") {
        result += "${";
        i += 3;
      } else if (text.substr(i, 2) == "${") {
        const auto end = text.find('}', i);
        const auto name = text.substr(i + 2, end == std::string_view::npos ? end : end - i - 2);
        if (!append(result, name, end != std::string_view::npos, node, path)) return;
        i = end + 1;
      } else {
        result += text[i++];
      }
    }
    node.text = std::move(result);
  }

  /// False when there is no such variable; then the text stays as it is, broken.
  bool append(std::string& result, std::string_view name, bool closed, Node& node, const std::string& path) {
    const auto found = environment_.find(std::string(name));
    if (closed && found != environment_.end()) {
      result += found->second;
      return true;
    }
    node.broken = true;
    if (!closed || !is_variable_name(name)) {
      problems_.add(
          node.place, path, Mistake::variable,
          problems_.quote(node.text) + " holds a ${ that begins no ${NAME}; a plain ${ is written $${");
      return false;
    }
    // The names of the environment are many, and only a near one helps.
    auto near = suggest(cut(name), names_);
    if (near.rfind("; did", 0) != 0) near.clear();
    problems_.add(
        node.place, path, Mistake::variable,
        "the environment variable " + cut(name) + " is not set; export it, or name it in --env-file" + near);
    return false;
  }

  const std::map<std::string, std::string>& environment_;
  Problems& problems_;
  std::vector<std::string> names_;
};

}  // namespace

std::string read_text(const std::string& file) {
  Problems problems;
  try {
    return read_file(file);
  } catch (const CorpusError& error) {
    std::string why = error.what();
    if (const auto start = file + ": "; why.rfind(start, 0) == 0) why = why.substr(start.size());
    problems.add({file, 1, 1}, "", Mistake::file, why);
  }
  problems.throw_if_any();
  return "";
}

void apply_overrides(Node& root, const std::vector<std::string>& overrides, Problems& problems) {
  int number = 0;
  for (const auto& override_ : overrides) apply(root, override_, place_of(override_, ++number), problems);
}

void expand_variables(Node& root, const std::map<std::string, std::string>& environment, Problems& problems) {
  Expander(environment, problems).expand(root, "");
}

bool is_variable_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return is_bare(name) && name.find('-') == std::string_view::npos;
}

}  // namespace dream::config
