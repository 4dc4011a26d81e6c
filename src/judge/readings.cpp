#include "judge/readings.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/errors.hpp"
#include "calls/structured.hpp"

namespace dream::judge {
namespace {

using nlohmann::json;

/// A field of the wrong kind, or none: caught where a reply is read, and nowhere else.
struct WrongField {};

const json& field(const json& object, const char* name) {
  if (!object.is_object()) throw WrongField();
  const auto at = object.find(name);
  if (at == object.end()) throw WrongField();
  return *at;
}

const json& list_field(const json& object, const char* name) {
  const auto& list = field(object, name);
  if (!list.is_array()) throw WrongField();
  return list;
}

std::string text_of(const json& value) {
  if (!value.is_string()) throw WrongField();
  return value.get<std::string>();
}

/// A whole number as models write it.
std::int64_t whole(const json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (!(number > -1e6 && number < 1e6) || number != static_cast<double>(static_cast<std::int64_t>(number)))
      throw WrongField();
    return static_cast<std::int64_t>(number);
  }
  const auto text = text_of(value);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) throw WrongField();
  return number;
}

/// Why the judge says so; a reply without it is as good.
std::string reason_of(const json& item) {
  const auto at = item.is_object() ? item.find("reason") : item.end();
  return at != item.end() && at->is_string() ? at->get<std::string>() : "";
}

score::Verdicts verdicts_of(const json& list, const char* verdict) {
  score::Verdicts out;
  for (const auto& item : list)
    out.push_back({text_of(field(item, "statement")), whole(field(item, verdict)), reason_of(item)});
  return out;
}

/// Statements in a list of a classification: objects, or plain texts.
void add_class(score::Verdicts& out, const json& list, Class verdict) {
  for (const auto& item : list)
    out.push_back({text_of(item.is_string() ? item : field(item, "statement")), verdict, reason_of(item)});
}

void read_fields(Step step, const json& object, Reading& out) {
  switch (step) {
    case Step::statements:
      for (const auto& item : list_field(object, "statements")) out.statements.push_back(text_of(item));
      return;
    case Step::support:
      out.verdicts = verdicts_of(list_field(object, "verdicts"), "verdict");
      return;
    case Step::attribution:
      out.verdicts = verdicts_of(list_field(object, "classifications"), "attributed");
      return;
    case Step::usefulness:
      out.verdicts = {{"", whole(field(object, "verdict")), reason_of(object)}};
      return;
    case Step::question:
      out.made_up = {text_of(field(object, "question")), whole(field(object, "noncommittal"))};
      return;
    case Step::classification:
      add_class(out.verdicts, list_field(object, "TP"), shared);
      add_class(out.verdicts, list_field(object, "FP"), only_answer);
      add_class(out.verdicts, list_field(object, "FN"), only_reference);
      return;
  }
  throw InternalError("a step without a form");
}

using Votes = std::map<std::int64_t, std::int64_t>;  ///< verdict -> samples

/// Verdicts by statement; of equal statements the first of one sample meets the first of another.
std::multimap<std::string, std::int64_t> by_statement(const Reading& sample) {
  std::multimap<std::string, std::int64_t> out;
  for (const auto& one : sample.verdicts) out.emplace(one.statement, one.verdict);
  return out;
}

std::int64_t majority(const Votes& votes, std::int64_t first) {
  auto best = first;
  for (const auto& [verdict, count] : votes) {
    if (count > votes.at(best)) best = verdict;
  }
  return best;
}

score::Said<score::Classes> classes_of(const score::Said<score::Verdicts>& verdicts) {
  const auto count = [&](Class wanted) {
    return std::ranges::count_if(verdicts.value, [wanted](const auto& v) { return v.verdict == wanted; });
  };
  return {{count(shared), count(only_answer), count(only_reference)}, verdicts.reason};
}

template <class T>
score::Said<T>& place(std::vector<score::Said<T>>& list, std::size_t slot) {
  if (list.size() <= slot) list.resize(slot + 1);
  return list[slot];
}

}  // namespace

Reading read_object(Step step, std::string_view object) {
  Reading out;
  try {
    read_fields(step, json::parse(object), out);
  } catch (const WrongField&) {
    out = {};
    out.reason = "schema";
  }
  return out;
}

Reading read(Step step, std::string_view schema, const calls::Reply& reply) {
  auto structured = calls::read_structured(reply, schema);
  Reading out;
  if (structured.reason.empty())
    out = read_object(step, structured.object);
  else
    out.reason = std::move(structured.reason);
  out.final = reply.final;
  return out;
}

bool can_be_repaired(const Reading& reading) {
  return reading.reason == "unparsable" || reading.reason == "schema";
}

score::Said<score::Verdicts> vote(std::span<const Reading> samples, Noise& noise) {
  DREAM_CHECK(!samples.empty(), "a vote needs a voice");
  const auto first =
      std::ranges::find_if(samples, [](const Reading& sample) { return sample.reason.empty(); });
  if (first == samples.end()) return {{}, samples.front().reason};
  std::vector<std::multimap<std::string, std::int64_t>> others;
  for (auto other = first + 1; other != samples.end(); ++other) {
    if (other->reason.empty()) others.push_back(by_statement(*other));
  }
  auto out = first->verdicts;
  for (auto& [statement, verdict, reason] : out) {
    Votes votes{{verdict, 1}};
    std::int64_t voices = 1;
    for (auto& other : others) {
      const auto at = other.lower_bound(statement);
      if (at == other.end() || at->first != statement) continue;
      ++votes[at->second];
      ++voices;
      other.erase(at);
    }
    const auto own = std::exchange(verdict, majority(votes, verdict));
    if (verdict != own) reason.clear();  // it speaks for the minority
    if (voices > 1) noise.add({voices, voices - votes.at(verdict)});
  }
  return {std::move(out), ""};
}

void note(score::Testimony& said, const Query& query, std::span<const Reading> samples, Noise& noise) {
  const auto& one = samples.front();
  switch (query.step) {
    case Step::statements:
      (query.slot == 0 ? said.answer : said.reference) = {one.statements, one.reason};
      return;
    case Step::question:
      place(said.made_up, query.slot) = {one.made_up, one.reason};
      return;
    case Step::support:
      said.support = vote(samples, noise);
      return;
    case Step::attribution:
      said.attribution = vote(samples, noise);
      return;
    case Step::classification:
      said.classes = classes_of(vote(samples, noise));
      return;
    case Step::usefulness: {
      const auto verdict = vote(samples, noise);
      place(said.useful, query.slot) = {verdict.value.empty() ? 0 : verdict.value.front().verdict,
                                        verdict.reason};
      return;
    }
  }
}

}  // namespace dream::judge
