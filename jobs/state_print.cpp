#include "jobs/state_print.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

namespace dream::jobs {
namespace {

using json = nlohmann::ordered_json;
using std::filesystem::path;

std::string age(std::time_t then, std::time_t now) {
  if (then == 0) return "-";
  const auto seconds = static_cast<long>(now - then);
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86400);
}

std::string row(const std::string& name, const Bulk& bulk, std::time_t now) {
  return fmt::format("  {:<12} {:>9} {:>10}   newest {}, oldest {}\n", name, bulk.files,
                     size_text(bulk.bytes), age(bulk.newest, now), age(bulk.oldest, now));
}

/// USD at the prices of the sweeps that were named; empty when none has one for this model.
std::string price_of(const Inspection& all, const std::string& model, const ModelCalls& calls) {
  for (const auto& need : all.needs) {
    const auto at = need.prices.find(model);
    if (at == need.prices.end() || (at->second.first == 0 && at->second.second == 0)) continue;
    const auto usd = (static_cast<double>(calls.input_tokens) * at->second.first +
                      static_cast<double>(calls.output_tokens) * at->second.second) /
                     1e6;
    return fmt::format(", {:.4f} USD by {}", usd, need.config);
  }
  return "";
}

std::string describe_calls(const Inspection& all) {
  const auto& survey = all.survey;
  if (survey.segments.files + survey.journals.files == 0) return "calls: none\n";
  std::string text = "calls\n";
  for (const auto& [model, calls] : survey.calls) {
    text += fmt::format("  {}: {} replies, {}; {} tokens sent, {} received{}\n", model, calls.calls,
                        size_text(calls.bytes), calls.input_tokens, calls.output_tokens,
                        price_of(all, model, calls));
  }
  text += row("sealed", survey.segments, all.now);
  if (survey.journals.files > 0) {
    text += row("journals", survey.journals, all.now);
    text += fmt::format("    {} replies that the next run seals; {} bytes of torn ends, which it drops\n",
                        survey.journal_calls, survey.torn_bytes);
  }
  return text;
}

std::string describe_claims(const Survey& survey) {
  if (survey.claims.empty()) return "at work: nobody\n";
  std::string text = "at work\n";
  for (const auto& claim : survey.claims) {
    text += fmt::format("  {} on {}, process {}: {}\n", claim.incarnation, claim.host, claim.process,
                        claim.gone ? "gone; the next run takes the claim away"
                                   : "said to be alive; --watch shows whether it is");
  }
  return text;
}

std::string describe_needs(const Inspection& all) {
  std::string text;
  for (const auto& need : all.needs) {
    std::int64_t planned = 0;
    std::int64_t sealed = 0;
    std::string missing;
    for (const auto& [stage, parts] : need.planned) {
      const auto at = need.sealed.find(stage);
      const auto have = at == need.sealed.end() ? 0 : at->second;
      planned += parts;
      sealed += have;
      if (have < parts)
        missing +=
            fmt::format("{} {} of {} {}", missing.empty() ? "; missing" : ",", parts - have, parts, stage);
    }
    text += fmt::format("sweep {} ({}): {} of {} parts are here{}\n", need.name, need.config, sealed, planned,
                        missing);
  }
  if (!all.needs.empty()) {
    text += fmt::format("needed by none of {}: {} files, {}\n", all.needs.size() == 1 ? "it" : "these sweeps",
                        all.orphans.size(), size_text(bytes_of(all.orphans)));
  }
  return text;
}

json bulk_json(const Bulk& bulk) {
  return {{"files", bulk.files}, {"bytes", bulk.bytes}, {"oldest", bulk.oldest}, {"newest", bulk.newest}};
}

json sweeps_json(const std::vector<Need>& needs) {
  auto list = json::array();
  for (const auto& need : needs) {
    list.push_back({{"name", need.name},
                    {"config", need.config},
                    {"complete", need.complete()},
                    {"planned", need.planned},
                    {"sealed", need.sealed},
                    {"budgets", need.budgets}});
  }
  return list;
}

}  // namespace

std::string size_text(std::int64_t bytes) {
  static constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::int64_t bytes_of(const std::vector<path>& files) {
  std::int64_t bytes = 0;
  for (const auto& file : files) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (!error) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

std::string describe(const Inspection& all) {
  const auto& survey = all.survey;
  auto text = fmt::format("{}: {}\n{}", all.folder, survey.format, describe_claims(survey));
  text += survey.parts.empty() ? "parts: none\n" : "parts\n";
  for (const auto& [stage, bulk] : survey.parts) text += row(stage, bulk, all.now);
  if (survey.indexes.files > 0) text += row("index files", survey.indexes, all.now);
  if (survey.leftover.files > 0) text += row("tmp/", survey.leftover, all.now);
  text += describe_calls(all);
  for (const auto& spent : survey.spent) {
    std::string name = spent.folder;
    for (const auto& need : all.needs) {
      if (need.budgets == spent.folder) name = need.name;
    }
    text += fmt::format("spent by {}: {:.4f} USD, {} tokens, {:.2f} hours\n", name, spent.usd, spent.tokens,
                        spent.hours);
  }
  for (const auto& name : survey.unknown) text += fmt::format("not of dream_sweep: {}\n", name);
  for (const auto& damage : survey.damaged) text += fmt::format("damaged: {}\n", damage.what);
  return text + describe_needs(all);
}

std::string to_json(const Inspection& all) {
  const auto& survey = all.survey;
  json out{{"folder", all.folder}, {"format", survey.format}};
  out["parts"] = json::object();
  for (const auto& [stage, bulk] : survey.parts) out["parts"][stage] = bulk_json(bulk);
  out["index_files"] = bulk_json(survey.indexes);
  out["leftovers"] = bulk_json(survey.leftover);
  out["calls"] = json::object();
  for (const auto& [model, calls] : survey.calls) {
    out["calls"][model] = {{"replies", calls.calls},
                           {"bytes", calls.bytes},
                           {"input_tokens", calls.input_tokens},
                           {"output_tokens", calls.output_tokens}};
  }
  out["segments"] = bulk_json(survey.segments);
  out["journals"] = bulk_json(survey.journals);
  out["journals"]["replies"] = survey.journal_calls;
  out["journals"]["torn_bytes"] = survey.torn_bytes;
  out["claims"] = json::array();
  for (const auto& claim : survey.claims) {
    out["claims"].push_back({{"incarnation", claim.incarnation},
                             {"host", claim.host},
                             {"process", claim.process},
                             {"beat", claim.beat},
                             {"gone", claim.gone}});
  }
  out["spent"] = json::array();
  for (const auto& spent : survey.spent) {
    out["spent"].push_back(
        {{"budgets", spent.folder}, {"usd", spent.usd}, {"tokens", spent.tokens}, {"hours", spent.hours}});
  }
  out["damaged"] = json::array();
  for (const auto& damage : survey.damaged)
    out["damaged"].push_back({{"path", damage.path}, {"what", damage.what}});
  out["unknown"] = survey.unknown;
  if (!all.needs.empty()) {
    out["sweeps"] = sweeps_json(all.needs);
    out["orphans"] = {{"files", all.orphans.size()}, {"bytes", bytes_of(all.orphans)}};
  }
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace dream::jobs
