#include "base/params.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"

namespace dream {

std::string to_text(const Value& value) {
  struct Visitor {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const {
      auto text = fmt::format("{}", v);  // the shortest text that reads back as the same number
      return text.find_first_of(".einf") == std::string::npos ? text + ".0" : text;
    }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<std::int64_t>& v) const {
      return fmt::format("[{}]", fmt::join(v, ", "));
    }
  };
  return std::visit(Visitor{}, value);
}

std::string Params::canonical() const {
  std::string text;
  for (const auto& [name, value] : values_)
    text += (text.empty() ? "" : ", ") + name + " = " + to_text(value);
  return text;
}

Params defaults_of(const ComponentInfo& info) {
  Params params;
  for (const auto& param : info.params) params.set(param.name, param.default_value);
  return params;
}

const Value& Params::at(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  DREAM_CHECK(found != values_.end(), "no parameter " + std::string(name));
  return found->second;
}

}  // namespace dream
