#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/pulse.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "stages/types.hpp"
#include "storage/service.hpp"
#include "sweep/inputs.hpp"

namespace dream::sweep {

/// The golden questions that a sweep uses, and how many the review rejected.
struct Questions {
  std::vector<GoldenQuestion> list;
  std::int64_t rejected = 0;
};

/// Rank 0 reads golden.file, which may be on S3, and its review and tells the others, some questions at a
/// time, so that nobody holds all of them twice. Throws CorpusError or GoldenError on all ranks. Collective.
[[nodiscard]] Questions load_questions(comm::Communicator& comm, const config::Golden& golden,
                                       storage::Service* s3, const Pulse& pulse);

/// Throws GoldenError where sources are not in the corpus: a mistake of the user's that would cost them a
/// whole sweep. inputs: rank 0's. Collective.
void check_sources(comm::Communicator& comm, const config::Golden& golden,
                   const std::vector<GoldenQuestion>& questions, const Inputs& inputs);

/// Of each question alone.
[[nodiscard]] std::vector<Digest> digests_of(const std::vector<GoldenQuestion>& questions);

/// What is no mistake for sure, and yet deserves a look before anything is paid for. Local.
[[nodiscard]] std::vector<std::string> warnings_of(const config::Config& config,
                                                   const std::vector<GoldenQuestion>& questions);

}  // namespace dream::sweep
