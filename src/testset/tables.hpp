#pragma once
#include <map>
#include <string>

#include "golden/review.hpp"
#include "testset/run.hpp"

/// What a run leaves: texts of files, and the summary on the terminal. docs/testset.md has the columns.
namespace dream::testset {

/// The first line of every golden file that dream_golden writes, by which it knows its own.
[[nodiscard]] std::string golden_header();

/// golden.file: a row for each question, in the order of slots. An unanswerable question has no contexts and
/// no sources, since nothing that is retrieved can answer it.
[[nodiscard]] std::string golden_csv(const Finished& finished);

/// The review: the same questions with what a reviewer needs, and a place for the decision. `earlier`:
/// decisions on questions that are still there stay.
[[nodiscard]] std::string review_csv(const Finished& finished, const golden::Review& earlier);

/// testset.csv: tasks, kinds, documents, and what was dropped why. The same for any number of ranks.
[[nodiscard]] std::string summary_csv(const Finished& finished, const std::string& digest);

/// testset_dropped.csv: every candidate that is not in the dataset.
[[nodiscard]] std::string dropped_csv(const Finished& finished);

/// testset_calls.csv: what was asked of the model and what it took. Measured.
[[nodiscard]] std::string calls_csv(const Finished& finished);

/// For --plan.
[[nodiscard]] std::string describe(const Finished& finished, const config::Config& config);

/// For the end of a run.
[[nodiscard]] std::string terminal_summary(const Finished& finished);

}  // namespace dream::testset
