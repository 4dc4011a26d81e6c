#pragma once
#include <map>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/hosts.hpp"
#include "config/config.hpp"
#include "golden/gold.hpp"
#include "sweep/inputs/documents.hpp"
#include "sweep/inputs/questions.hpp"
#include "sweep/models.hpp"
#include "sweep/run.hpp"

namespace dream::sweep {

/// What a sweep is made from: questions, documents by their hashes, models, all checked.
struct Prepared {
  comm::Hosts hosts;
  Questions questions;
  Questions held_out;           ///< those of golden.holdout, once they are taken out of `questions`
  Inputs inputs;                ///< rank 0
  golden::DocumentNames names;  ///< of the documents; rank 0
  std::shared_ptr<device::Accelerator> accelerator;  ///< null: the CPU computes
  Models models;
};

/// Looks whether all ranks can run the sweep (preflight), reads the questions, lists and hashes the
/// documents, and loads the models, which are alike on all ranks. Computes nothing yet. Collective. Throws
/// what is wrong with any of these.
[[nodiscard]] Prepared prepare(comm::Communicator& comm, const config::Config& config,
                               const RunOptions& options, const Pulse& pulse);

/// Of the models that compute here and have a choice of it, by name.
[[nodiscard]] std::map<std::string, std::string> precisions_of(const Models& models);

/// What a golden source means depends on the names of files, which no key of content holds: renaming two
/// files moves the gold. Names on rank 0. Collective.
[[nodiscard]] Digest digest_of_names(comm::Communicator& comm, const golden::DocumentNames& names,
                                     const std::vector<GoldenQuestion>& questions);

}  // namespace dream::sweep
