#include "config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "config/quote.hpp"

namespace dream::config {
namespace {

std::string all_lines(const std::vector<Problem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "\n") + problem.text();
  return text;
}

/// Line 0 is a --set and comes after the file.
auto order(const Problem& problem) {
  const auto& place = problem.place;
  return std::make_tuple(place.line == 0, place.line, place.column);
}

}  // namespace

std::string_view name_of(Mistake mistake) {
  switch (mistake) {
    case Mistake::file:
      return "file";
    case Mistake::syntax:
      return "syntax";
    case Mistake::override_:
      return "override";
    case Mistake::variable:
      return "variable";
    case Mistake::secret:
      return "secret";
    case Mistake::unknown_key:
      return "unknown_key";
    case Mistake::missing_key:
      return "missing_key";
    case Mistake::wrong_type:
      return "wrong_type";
    case Mistake::out_of_range:
      return "out_of_range";
    case Mistake::empty:
      return "empty";
    case Mistake::listed_twice:
      return "listed_twice";
    case Mistake::unknown_name:
      return "unknown_name";
    case Mistake::wrong_kind:
      return "wrong_kind";
    case Mistake::bad_combination:
      return "bad_combination";
  }
  return "unknown";
}

std::string Problem::text() const {
  const auto at =
      place.line == 0 ? place.source : fmt::format("{}:{}:{}", place.source, place.line, place.column);
  return key.empty() ? fmt::format("{}: {}", at, message) : fmt::format("{}: {}: {}", at, key, message);
}

InvalidConfig::InvalidConfig(std::vector<Problem> all)
    : ConfigError(all_lines(all)), problems(std::move(all)) {}

void Problems::add(Place place, std::string key, Mistake mistake, std::string message) {
  problems_.push_back({std::move(place), std::move(key), mistake, std::move(message)});
}

void Problems::hide(std::string_view secret) {
  if (secret.size() < 4) return;
  secrets_.emplace_back(secret);
  // The longest first: one secret may be a part of another, and hiding the part would leave the rest in
  // sight.
  std::stable_sort(secrets_.begin(), secrets_.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Problems::hidden(std::string text) const {
  for (const auto& secret : secrets_) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "[secret]");
      at += 8;
    }
  }
  return text;
}

std::string Problems::show(std::string_view text, std::size_t bytes) const {
  return escape(cut(hidden(std::string(text)), bytes));
}

std::string Problems::quote(std::string_view text) const { return "\"" + show(text, 80) + "\""; }

void Problems::throw_if_any() {
  if (problems_.empty()) return;
  for (auto& problem : problems_) {
    problem.place.source = escape(cut(hidden(problem.place.source), 200));
    problem.key = hidden(problem.key);
    problem.message = hidden(problem.message);
  }
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const auto& a, const auto& b) { return order(a) < order(b); });
  throw InvalidConfig(std::move(problems_));
}

std::string join(const std::string& path, std::string_view key) {
  const auto name = is_bare(key) ? std::string(key) : "\"" + escape(cut(key)) + "\"";
  return path.empty() ? name : path + "." + name;
}

}  // namespace dream::config
