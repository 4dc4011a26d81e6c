// What the calls to language models and rerankers were expected to take, and what they took.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "report/forecast.hpp"
#include "report/outputs.hpp"

namespace dream::report {

using json = nlohmann::ordered_json;

namespace {

std::filesystem::path file_of(const config::Config& config) {
  return std::filesystem::path(config::output_folder(config)) / "forecast.json";
}

/// Names the scores that a forecast is about: another corpus, space or judge has others. Not by their keys:
/// whether the judge's server takes a JSON schema may not have been known when it was made.
Digest scores_of(const config::Config& config, const sweep::Plan& plan) {
  Hasher hasher("scores");
  hasher.add(config.judge.llm).add(config.judge.rules).add(config.judge.repeats);
  for (const int number : plan.nodes_of(sweep::Stage::score)) {
    const auto& node = plan.nodes[static_cast<std::size_t>(number)];
    const auto& contexts = plan.nodes[static_cast<std::size_t>(node.inputs.at(0))];
    hasher.add(node.llm);
    for (int part = 0; part < plan.parts_of(contexts); ++part) hasher.add(plan.part_key(contexts, part));
  }
  return hasher.finish();
}

/// All of max_tokens for each call that brings a text.
double most_usd(const config::Config& config, const sweep::CallUsage& row) {
  if (row.output_tokens == 0) return row.cost_usd;
  const auto& params = config.model(row.model).params;
  const auto output = static_cast<double>(row.sent * params.get<std::int64_t>("max_tokens"));
  return (static_cast<double>(row.input_tokens) * params.get<double>("price.input") +
          output * params.get<double>("price.output")) /
         1e6;
}

/// The forecast of these scores; null when there is none.
json read(const config::Config& config, const sweep::Finished& finished) {
  if (!std::filesystem::exists(file_of(config))) return {};
  try {
    auto forecast = json::parse(read_file(file_of(config)));
    if (forecast.at("scores") == scores_of(config, finished.plan).hex()) return forecast.at("calls");
  } catch (const json::exception&) {
    // Not ours any more; a comparison is not worth an error.
  }
  return {};
}

/// What was called for the same thing by the run that just ended.
sweep::CallUsage made(const sweep::Finished& finished, const json& row) {
  const auto& usage = finished.outcome.usage_of_sweep;
  const auto found = std::ranges::find_if(
      usage, [&](const auto& one) { return one.purpose == row["purpose"] && one.model == row["model"]; });
  return found == usage.end() ? sweep::CallUsage() : *found;
}

/// What the numbers rest on.
std::string how(const sweep::Finished& finished, const sweep::Forecast& forecast) {
  const bool rerankers_only =
      std::ranges::all_of(forecast.calls, [](const auto& row) { return row.purpose == "rerank"; });
  if (rerankers_only) return "";
  if (forecast.learned_from > 0) {
    return fmt::format("learned from the replies to {} of {} questions\n", forecast.learned_from,
                       finished.questions.size());
  }
  return "of no question all replies are there to learn from: answers to different contexts count as "
         "different, "
         "so fewer calls may do; with --pilot 10 it asks about 10 questions first\n";
}

/// The finalists are not known before the verdict, so their calls are taken to be like an average trial's.
std::string hold_out_text(const config::Config& config, const sweep::Finished& finished) {
  if (finished.held_out == 0) return "";
  std::int64_t calls = 0;
  double usd = 0;
  for (const auto& row : finished.outcome.forecast->calls) {
    calls += row.sent + row.from_state;
    // The price of a call that is there already is not told; it was like that of the others.
    if (row.sent > 0)
      usd += row.cost_usd / static_cast<double>(row.sent) * static_cast<double>(row.sent + row.from_state);
  }
  const auto trials = std::ssize(finished.plan.trials);
  const auto asked = std::ssize(finished.questions) * trials;
  const auto more = finished.held_out * std::min<std::int64_t>(config.golden.holdout_trials, trials);
  const auto share = static_cast<double>(more) / static_cast<double>(asked);
  return fmt::format(
      "the hold-out is not among these: {} questions for at most {} trials, about {:.0f} calls more and "
      "{:.4f} "
      "USD\n",
      finished.held_out, std::min<std::int64_t>(config.golden.holdout_trials, trials),
      std::ceil(share * static_cast<double>(calls)), share * usd);
}

}  // namespace

void write_forecast(const config::Config& config, const sweep::Finished& finished) {
  json calls = json::array();
  for (const auto& row : finished.outcome.forecast->calls) {
    calls.push_back({{"purpose", row.purpose},
                     {"model", row.model},
                     {"calls", row.sent},
                     {"from_state", row.from_state},
                     {"learned_from", finished.outcome.forecast->learned_from},
                     {"input_tokens", row.input_tokens},
                     {"output_tokens", row.output_tokens},
                     {"cost_usd", row.cost_usd},
                     {"most_usd", most_usd(config, row)}});
  }
  // A run that ended at another stage has counted other calls.
  for (auto& earlier : read(config, finished)) {
    const bool again = std::ranges::any_of(calls, [&](const json& row) {
      return row["purpose"] == earlier["purpose"] && row["model"] == earlier["model"];
    });
    if (!again) calls.push_back(std::move(earlier));
  }
  write_file(file_of(config),
             json{{"scores", scores_of(config, finished.plan).hex()}, {"calls", calls}}.dump(2) + "\n");
}

std::string forecast_text(const config::Config& config, const sweep::Finished& finished) {
  std::string text;
  const auto& forecast = *finished.outcome.forecast;
  for (const auto& row : forecast.calls) {
    text += fmt::format(
        "{} by {}: {} calls are left, {} replies are in the state folder\n"
        "  about {} tokens to send and {} to receive, {:.4f} USD; at most {:.4f} USD\n",
        row.purpose, row.model, row.sent, row.from_state, row.input_tokens, row.output_tokens, row.cost_usd,
        most_usd(config, row));
  }
  if (text.empty())
    text = "none of the calls that are counted here are left\n";
  else
    text += how(finished, forecast);
  return text + hold_out_text(config, finished) + sweep::describe_probe(finished.plan, config);
}

json forecast_beside_fact(const config::Config& config, const sweep::Finished& finished) {
  json list = json::array();
  for (auto row : read(config, finished)) {
    const auto fact = made(finished, row);
    row["calls_made"] = fact.sent - fact.retries;
    row["input_tokens_made"] = fact.input_tokens;
    row["output_tokens_made"] = fact.output_tokens;
    row["cost_usd_made"] = fact.cost_usd;
    list.push_back(std::move(row));
  }
  return list;
}

std::string compare_with_forecast(const config::Config& config, const sweep::Finished& finished) {
  std::string text;
  for (const auto& row : read(config, finished)) {
    const auto fact = made(finished, row);
    if (fact.sent == 0) continue;  // all was in the state folder
    text += fmt::format("{} by {}: {} calls for {:.4f} USD; foreseen were {} for {:.4f}\n", fact.purpose,
                        fact.model, fact.sent - fact.retries, fact.cost_usd, row["calls"].get<std::int64_t>(),
                        row["cost_usd"].get<double>());
  }
  return text;
}

}  // namespace dream::report
