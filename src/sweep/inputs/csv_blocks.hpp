#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "comm/communicator.hpp"
#include "golden/csv_scan.hpp"

namespace dream::sweep {

/// A CSV behind its header row.
struct CsvBody {
  std::string name;  ///< for messages
  char separator = ',';
  std::int64_t begin = 0;  ///< the first byte behind the header
  std::int64_t end = 0;
  std::int64_t line = 1;                                                    ///< of that byte
  std::function<std::string(std::int64_t begin, std::int64_t bytes)> read;  ///< a piece of it; local
};

/// Whole rows of a CSV and the line where the first one begins.
struct CsvText {
  std::string bytes;
  std::int64_t line = 1;
};

/// Reads a CSV of any length on all ranks together, wave after wave: in each, every rank reads a block, once.
/// The ranks tell each other what their blocks do to a reader (scan_piece()), so each knows whether its own
/// begins inside quotes, in which line, and where its first row begins; what stands before that goes to the
/// rank with the row's beginning. A rank holds a block or two, and a row that spans blocks.
class CsvBlocks {
 public:
  /// Throws CorpusError for a row longer than row_limit: most likely a quote that is never closed.
  CsvBlocks(comm::Communicator& comm, CsvBody body, std::int64_t block, std::int64_t row_limit);

  /// This rank's rows of the next wave, maybe none; those of rank r come before those of rank r + 1, and all
  /// of a wave before all of the next. Nothing at the end, on all ranks. Collective.
  [[nodiscard]] std::optional<CsvText> next();

 private:
  /// How a rank's block is cut: what belongs to a row that began before it, and the last row in it.
  struct Cut {
    std::int64_t head = 0;
    std::int64_t tail = 0;
    std::int64_t tail_line = 0;
    bool starts = false;  ///< a row begins in this block
  };

  [[nodiscard]] std::string read_block();
  [[nodiscard]] golden::CsvPlace enter(const golden::CsvPiece& piece);
  void check_rows(const std::vector<Cut>& cuts);
  [[nodiscard]] std::string send_heads(const std::string& block, const std::vector<Cut>& cuts);

  comm::Communicator& comm_;
  CsvBody body_;
  std::int64_t block_;
  std::int64_t row_limit_;
  std::int64_t at_;         ///< where the next wave begins
  golden::CsvPlace place_;  ///< there
  bool ended_ = false;
  std::string open_;            ///< rank 0: the row that the last wave left unfinished
  std::int64_t open_size_ = 0;  ///< its length and line, on all ranks
  std::int64_t open_line_;
};

}  // namespace dream::sweep
