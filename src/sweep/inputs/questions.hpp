#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/pulse.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "golden/gold.hpp"
#include "stages/types.hpp"
#include "storage/service.hpp"
#include "sweep/inputs/documents.hpp"

namespace dream::sweep {

/// The golden questions that a sweep uses, on every rank. Their contexts, by far the longest texts of a
/// golden file, are not among them: only what finding them takes. All lists are in golden order.
struct Questions {
  std::vector<GoldenQuestion> list;                    ///< contexts left empty
  std::vector<Digest> digests;                         ///< of each question alone, with its contexts
  std::vector<Digest> contents;                        ///< golden::content_of()
  std::vector<std::vector<golden::Passage>> passages;  ///< of its contexts
  std::int64_t rejected = 0;                           ///< by the review

  /// Questions with contexts become a message, and a message more questions.
  [[nodiscard]] static Bytes pack(std::vector<GoldenQuestion> questions);
  void unpack(const Bytes& message);
  /// Takes those at these places, which rise, out of these.
  Questions take(std::span<const std::int64_t> places);
  void keep_first(std::int64_t count);
};

/// How a long golden file is read.
struct GoldenBlocks {
  std::int64_t block = std::int64_t{8}
                       << 20;  ///< that a rank reads at a time; shorter files rank 0 reads alone
  std::int64_t row_limit = std::int64_t{64} << 20;
};

/// Reads golden.file, which may be on S3, and its review. A long CSV is read in blocks by all ranks; what is
/// shorter, and what is no CSV, rank 0 reads. Throws CorpusError or GoldenError on all ranks. Collective.
[[nodiscard]] Questions load_questions(comm::Communicator& comm, const config::Golden& golden,
                                       storage::Service* s3, const Pulse& pulse,
                                       const GoldenBlocks& blocks = {});

/// Throws GoldenError where sources are not in the corpus: a mistake of the user's that would cost them a
/// whole sweep. inputs: rank 0's. Collective.
void check_sources(comm::Communicator& comm, const config::Golden& golden,
                   const std::vector<GoldenQuestion>& questions, const Inputs& inputs);

/// What is no mistake for sure, and yet deserves a look before anything is paid for. Local.
[[nodiscard]] std::vector<std::string> warnings_of(const config::Config& config, const Questions& questions);

}  // namespace dream::sweep
