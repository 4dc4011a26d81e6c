#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "sweep/outcome.hpp"
#include "sweep/plan.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// A distinct document: files with the same format and bytes are one document with several names.
struct InputDocument {
  Digest hash;                     ///< of format and bytes
  std::string path;                ///< of the first file
  std::string format;
  std::int64_t bytes = 0;
  std::vector<std::string> names;  ///< relative to their sources, sorted
};

/// What the sources hold. Rank 0 only; other ranks have an empty one.
struct Inputs {
  std::vector<InputDocument> documents;  ///< sorted by hash
  std::vector<FailedDocument> failed;    ///< files that cannot even be opened
  std::int64_t files = 0;
};

/// Lists the sources on rank 0 and hashes the files on all ranks. Collective. Throws CorpusError for a source that is
/// not there or holds no file.
[[nodiscard]] Inputs list_inputs(comm::Communicator& comm, const config::Config& config, const Pulse& pulse);

/// The buckets of these documents. Only rank 0 passes documents; every rank gets the buckets. Collective.
[[nodiscard]] std::vector<Bucket> make_buckets(comm::Communicator& comm, const Inputs& inputs, std::int64_t buckets);

/// Reads the documents of all buckets that the state folder does not hold, on all workers. A document whose reading
/// failed for a passing reason (time, memory) is left out of `inputs` and of the returned buckets, so that nothing built
/// on the rest is taken for the whole, and the next run tries it again. Collective.
///
/// Fills failed_documents and document names of `outcome` on rank 0.
[[nodiscard]] std::vector<Bucket> read_documents(comm::Communicator& comm, const config::Config& config,
                                                 const state::PartStore& parts, const std::vector<Digest>& sealed,
                                                 const Workers& workers, Inputs& inputs, Tally& tally,
                                                 Progress& progress, const Pulse& pulse, Outcome& outcome,
                                                 const std::function<void(Stage)>& fault);

}  // namespace dream::sweep
