#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "sweep/inputs/objects.hpp"
#include "sweep/outcome.hpp"
#include "sweep/plan.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// A distinct document: files with the same format and bytes are one document with several names.
struct InputDocument {
  Digest hash;  ///< of format and bytes
  Place place;  ///< of the first file
  std::string format;
  std::int64_t bytes = 0;
  std::vector<std::string> names;  ///< relative to their sources, sorted
};

/// What the sources hold. Rank 0 only; other ranks have an empty one.
struct Inputs {
  std::vector<InputDocument> documents;  ///< sorted by hash
  std::vector<FailedDocument> failed;    ///< files that cannot even be opened, lines that are no documents
  std::int64_t files = 0;
};

/// Lists the sources on rank 0 and hashes the files on all ranks; `service` reaches those on S3 and is null
/// when there are none. `keeps`: whether the state folder keeps what was found out about objects. Collective.
/// Throws CorpusError for a source that is not there or holds no file.
[[nodiscard]] Inputs list_inputs(comm::Communicator& comm, const config::Config& config,
                                 storage::Service* service, bool keeps, const Pulse& pulse);

/// Throws ConfigError when the state or output folder lies within a source: before the first of the two is
/// made. Collective.
void check_folders_apart(comm::Communicator& comm, const config::Config& config);

/// Throws CorpusError when there are no documents. Collective.
void check_corpus(comm::Communicator& comm, const config::Config& config, const Inputs& inputs);

/// Prepares the state folder on rank 0; the keys of its sealed parts, sorted, on all ranks. Collective.
[[nodiscard]] std::vector<Digest> broadcast_sealed(comm::Communicator& comm, const state::PartStore& parts);

/// The buckets of these documents. Only rank 0 passes documents; every rank gets the buckets. Collective.
[[nodiscard]] std::vector<Bucket> make_buckets(comm::Communicator& comm, const Inputs& inputs,
                                               std::int64_t buckets);

/// What reading needs of a run, before there is a plan.
struct Reading {
  comm::Communicator& comm;
  const config::Corpus& corpus;
  const ObjectCache& objects;
  const state::PartStore& parts;
  const std::vector<Digest>& sealed;  ///< sorted
  Workers workers;
  Pulse pulse;
  std::function<void(Stage)> fault;
  Progress& progress;
  Tally& tally;
  Trace trace = {};
};

/// Reads the documents of all buckets that the state folder does not hold, on all workers, and returns the
/// buckets. A document whose reading failed for a passing reason (time, memory) is taken out of `inputs` and
/// of the buckets, so that nothing built on the rest is taken for the whole, and the next run tries it again;
/// it is listed in `outcome`. Only rank 0 has `inputs` and `outcome`. Collective.
[[nodiscard]] std::vector<Bucket> read_documents(const Reading& reading, Inputs& inputs, Outcome& outcome);

}  // namespace dream::sweep
