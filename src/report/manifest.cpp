#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/access.hpp"
#include "base/file.hpp"
#include "config/write.hpp"
#include "dream_version.hpp"
#include "report/forecast.hpp"
#include "report/hold_out.hpp"
#include "report/html.hpp"
#include "report/noise.hpp"
#include "report/outputs.hpp"
#include "report/record.hpp"
#include "report/rows.hpp"

namespace dream::report {
namespace {

using json = nlohmann::ordered_json;

json build(const Material& m) {
  return {{"program", version::program},
          {"commit", version::commit},
          {"compiler", version::compiler},
          {"build", version::build_type},
          {"mpi", m.mpi}};
}

json stages(const Material& m) {
  json list = json::object();
  const auto& plan = m.finished.plan;
  for (int s = 0; s < sweep::stage_count; ++s) {
    const auto stage = static_cast<sweep::Stage>(s);
    if (plan.nodes_of(stage).empty()) continue;
    std::int64_t parts = 0;
    std::int64_t made = 0;
    for (const int node : plan.nodes_of(stage))
      parts += plan.parts_of(plan.nodes[static_cast<std::size_t>(node)]);
    for (const auto& rank : m.finished.outcome.ranks) made += rank.parts[static_cast<std::size_t>(s)];
    list[name_of(stage)] = {
        {"distinct_nodes", plan.nodes_of(stage).size()}, {"parts", parts}, {"parts_made_now", made}};
  }
  return list;
}

json gold(const Material& m) {
  const auto& summary = m.finished.outcome.gold;
  return {{"questions_located", summary.located},
          {"questions_by_source", summary.by_source},
          {"questions_without", summary.without},
          {"lost_passages", summary.lost_passages},
          {"lost", summary.lost}};
}

json ranks(const Material& m) {
  json list = json::array();
  const auto& outcome = m.finished.outcome;
  for (std::size_t r = 0; r < outcome.ranks.size(); ++r) {
    const auto& tally = outcome.ranks[r];
    double seconds = 0;
    for (const double s : tally.seconds) seconds += s;
    list.push_back({{"rank", r},
                    {"host", outcome.hosts[r]},
                    {"works", outcome.workers.has(static_cast<int>(r))},
                    {"documents", tally.documents},
                    {"document_bytes", tally.document_bytes},
                    {"texts_embedded", tally.texts_embedded},
                    {"shard_rows", tally.shard_rows},
                    {"queries", tally.queries},
                    {"calls", tally.calls},
                    {"calls_from_state", tally.calls_from_state},
                    {"texts_refused", tally.texts_refused},
                    {"pairs_scored", tally.pairs_scored},
                    {"pairs_refused", tally.pairs_refused},
                    {"seconds", seconds}});
  }
  return list;
}

json calls(const Material& m) {
  json list = json::array();
  for (const auto& row : m.finished.outcome.usage) {
    list.push_back({{"purpose", row.purpose},
                    {"model", row.model},
                    {"sent", row.sent},
                    {"retries", row.retries},
                    {"from_state", row.from_state},
                    {"given_up", row.given_up},
                    {"input_tokens", row.input_tokens},
                    {"output_tokens", row.output_tokens},
                    {"cost_usd", row.cost_usd},
                    {"latency_p50_s", row.latency_p50_s},
                    {"latency_p95_s", row.latency_p95_s},
                    {"first_byte_p50_s", row.first_byte_p50_s},
                    {"first_byte_p95_s", row.first_byte_p95_s}});
  }
  return list;
}

json failed_documents(const Material& m) {
  json list = json::array();
  for (const auto& failed : m.finished.outcome.failed_documents) {
    list.push_back({{"document", failed.name}, {"reason", failed.reason}, {"detail", failed.detail}});
  }
  return list;
}

}  // namespace

void write_manifest(const Material& m, const stats::Verdict& verdict) {
  const auto& plan = m.finished.plan;
  const json manifest = {
      {"sweep", m.config.sweep.name},
      {"seed", m.config.sweep.seed},
      {"judge", m.config.judge.llm},
      {"judge_rules", m.config.judge.llm == "overlap" ? "" : m.config.judge.rules},
      {"judge_of_itself", m.finished.outcome.judge_of_itself},
      {"judge_noise", judge_noise(m)},
      {"warnings", m.finished.warnings},
      {"incarnation", m.finished.incarnation},
      {"build", build(m)},
      {"corpus",
       {{"digest", plan.corpus.hex()},
        {"files", m.finished.outcome.files},
        {"distinct_documents", plan.documents()},
        {"bytes", plan.bytes()}}},
      {"golden",
       {{"file", m.config.golden.file},
        {"digest", plan.questions.hex()},
        {"questions", m.finished.questions.size()},
        {"rejected", m.finished.outcome.rejected_questions}}},
      {"precision", m.finished.precisions},
      {"vectors_over", m.finished.vectors_over},
      {"gold", gold(m)},
      {"trials", plan.trials.size()},
      {"verdict", verdict.sentence},
      {"holdout", to_json(judge_hold_out(m, verdict))},
      {"stages", stages(m)},
      {"ranks", ranks(m)},
      {"calls", calls(m)},
      {"forecast", forecast_beside_fact(m.config, m.finished)},
      {"failed_documents", failed_documents(m)},
      {"rows_to_try_again", m.finished.outcome.transient_rows},
      {"measured", json::parse(page_measured(m))},
  };
  // Names of files may be in any encoding; a byte that is no UTF-8 becomes U+FFFD.
  write_file(std::filesystem::path(config::output_folder(m.config)) / "manifest.json",
             manifest.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

void write_best(const Material& m, const stats::Verdict& verdict) {
  const auto path = std::filesystem::path(config::output_folder(m.config)) / "best.toml";
  if (verdict.winner < 0) {  // nothing could be compared; the sentence says why
    std::error_code ignored;
    std::filesystem::remove(path, ignored);  // the winner of an earlier run is not this one's
    return;
  }
  const auto& trial = m.finished.plan.trials.at(static_cast<std::size_t>(verdict.winner));
  const auto best =
      config::only(m.config, {m.config.space.methods[static_cast<std::size_t>(trial.method)], trial.embedder,
                              trial.reranker, trial.k, trial.llm, m.finished.tokenizer});
  write_file(path, fmt::format("# Chosen with the golden questions {} on the corpus {}.\n",
                               m.finished.plan.questions.hex(), m.finished.plan.corpus.hex()) +
                       config::to_toml(best));
}

void prepare_output(const config::Config& config) {
  const std::filesystem::path folder = config::output_folder(config);
  const auto probe = ".writable";
  if (const auto obstacle = obstacle_to_writing(folder, probe, "dream_sweep\n"))
    throw StateError(obstacle->path, "", "sweep.output: " + obstacle->finding + "; " + obstacle->remedy);
  std::error_code ignored;
  std::filesystem::remove(folder / probe, ignored);
}

void write_all(const Material& m, const stats::Verdict& verdict) {
  prepare_output(m.config);
  write_results(m);
  write_questions(m);
  write_chunks(m);
  write_timings(m);
  const auto hold_out = judge_hold_out(m, verdict);
  const auto page = page_data(m, verdict);
  write_h5(m, page, hold_out ? hold_out->sentence : "");
  write_hold_out(m, hold_out);
  write_best(m, verdict);
  write_page(config::output_folder(m.config), page, page_measured(m));
  write_manifest(m, verdict);
}

}  // namespace dream::report
