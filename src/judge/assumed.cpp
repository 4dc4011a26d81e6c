#include "judge/assumed.hpp"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/errors.hpp"

namespace dream::judge {
namespace {

using nlohmann::json;

constexpr auto reason = "The passages say so in these or in other words.";

/// One claim for each sentence of a text; a list is taken as it is.
std::vector<std::string> claims_of(const json& text) {
  if (text.is_array()) return text.get<std::vector<std::string>>();
  std::vector<std::string> claims;
  const auto whole = text.get<std::string>();
  for (std::size_t begin = 0; begin < whole.size();) {
    const auto end = std::min(whole.find(". ", begin), whole.size() - 1) + 1;
    claims.push_back(whole.substr(begin, end - begin));
    begin = whole.find_first_not_of(' ', end);
  }
  return claims;
}

json with_reasons(const std::vector<std::string>& claims, const char* verdict) {
  json list = json::array();
  for (const auto& claim : claims) {
    json item{{"statement", claim}, {"reason", reason}};
    if (verdict != nullptr) item[verdict] = 1;
    list.push_back(std::move(item));
  }
  return list;
}

json object_of(Step step, const json& input) {
  switch (step) {
    case Step::statements:
      return {{"statements", claims_of(input.at("answer"))}};
    case Step::support:
      return {{"verdicts", with_reasons(claims_of(input.at("statements")), "verdict")}};
    case Step::attribution:
      return {{"classifications", with_reasons(claims_of(input.at("reference")), "attributed")}};
    case Step::usefulness:
      return {{"reason", reason}, {"verdict", 1}};
    case Step::question:
      return {{"question", "What do the passages say about the thing that is asked for here?"},
              {"noncommittal", 0}};
    case Step::classification:
      return {{"TP", with_reasons(claims_of(input.at("answer")), nullptr)},
              {"FP", json::array()},
              {"FN", json::array()}};
  }
  throw InternalError("a step without a form");
}

}  // namespace

std::string assumed_reply(Step step, const std::string& input) {
  return object_of(step, json::parse(input)).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace dream::judge
