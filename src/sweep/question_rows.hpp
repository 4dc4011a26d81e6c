#pragma once
#include "comm/communicator.hpp"
#include "storage/pieces.hpp"
#include "sweep/inputs/questions.hpp"

namespace dream::sweep {

/// Reads a long CSV of golden questions on all ranks together (csv_blocks.hpp), each row on one of them, and
/// gives all of them the questions, as Questions holds them. Same questions and same errors as
/// golden::load(). Throws GoldenError with the first thousands of wrong rows. Collective.
void read_rows(comm::Communicator& comm, const storage::Extent& csv, storage::Service* s3, const Pulse& pulse,
               const GoldenBlocks& blocks, Questions& questions);

}  // namespace dream::sweep
