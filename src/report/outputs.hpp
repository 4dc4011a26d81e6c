#pragma once
#include <string>

#include "base/pulse.hpp"
#include "config/config.hpp"
#include "state/parts.hpp"
#include "stats/verdict.hpp"
#include "sweep/run.hpp"

namespace dream::report {

/// What a report is made of; all of it is on rank 0.
struct Material {
  const config::Config& config;
  const sweep::Finished& finished;
  const state::PartStore& parts;
  std::string mpi;  ///< name and version of the MPI library that runs
  Pulse pulse;      ///< called between parts and resamples: the other ranks wait meanwhile
};

/// A row per trial: parameters, metrics with coverage, tokens, computed cost. Nothing measured by a clock.
void write_results(const Material& material);
/// A row per trial and question: answer, chunk ids, every metric, reasons.
void write_questions(const Material& material);
/// Each retrieved chunk's text, once per method.
void write_chunks(const Material& material);
/// Seconds per stage and rank: measured, never the same twice.
void write_timings(const Material& material);
/// What ran where, with which versions and digests; per rank documents, texts, rows, queries, calls; failed
/// documents.
void write_manifest(const Material& material, const stats::Verdict& verdict);
/// The winner as a runnable config.
void write_best(const Material& material, const stats::Verdict& verdict);

/// Makes sweep.output and shows that files can be written there. Throws StateError.
void prepare_output(const config::Config& config);

/// All of the above, sweep.h5, report.html and what the hold-out says into sweep.output. Throws StateError.
void write_all(const Material& material, const stats::Verdict& verdict);

/// What a sweep that ended after select foresees, into forecast.json; and in words.
void write_forecast(const config::Config& config, const sweep::Finished& finished);
[[nodiscard]] std::string forecast_text(const config::Config& config, const sweep::Finished& finished);
/// What the run called beside what forecast.json foresaw for these scores; "" without either.
[[nodiscard]] std::string compare_with_forecast(const config::Config& config,
                                                const sweep::Finished& finished);

/// The table for the terminal: the best trials first, the objective and what tells trials apart before the
/// rest, as much as a screen holds; the best cell of each metric is marked with *. A last line says what was
/// left out.
[[nodiscard]] std::string terminal_table(const Material& material, const stats::Verdict& verdict);

}  // namespace dream::report
