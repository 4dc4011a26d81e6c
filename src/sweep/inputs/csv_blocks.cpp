#include "sweep/inputs/csv_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.hpp"
#include "comm/agree.hpp"

namespace dream::sweep {

CsvBlocks::CsvBlocks(comm::Communicator& comm, CsvBody body, std::int64_t block, std::int64_t row_limit)
    : comm_(comm),
      body_(std::move(body)),
      block_(block),
      row_limit_(row_limit),
      at_(body_.begin),
      place_{golden::CsvState::row, body_.line, false},
      open_line_(body_.line) {}

std::string CsvBlocks::read_block() {
  const auto begin = std::min(body_.end, at_ + comm_.rank() * block_);
  const auto bytes = std::min(body_.end - begin, block_);
  return bytes > 0 ? body_.read(begin, bytes) : std::string();
}

/// The place before this rank's block; place_ moves behind the wave.
golden::CsvPlace CsvBlocks::enter(const golden::CsvPiece& piece) {
  const auto pieces = comm_.all_gather(piece);
  golden::CsvPlace own;
  for (int rank = 0; rank < comm_.size(); ++rank) {
    if (rank == comm_.rank()) own = place_;
    place_ = golden::behind(place_, pieces[static_cast<std::size_t>(rank)]);
  }
  at_ = std::min(body_.end, at_ + comm_.size() * block_);
  // Behind what is no CSV there are no rows; whoever holds it says what is wrong when it is parsed.
  ended_ = at_ == body_.end || place_.state == golden::CsvState::broken;
  return own;
}

/// Follows the unfinished row through the wave.
void CsvBlocks::check_rows(const std::vector<Cut>& cuts) {
  for (const auto& cut : cuts) {
    open_size_ += cut.head;
    if (open_size_ > row_limit_) {
      throw CorpusError(
          body_.name, 0,
          fmt::format("line {}: this row has more than {} bytes; is a quote in it never closed?", open_line_,
                      row_limit_));
    }
    if (!cut.starts) continue;
    open_size_ = cut.tail;
    open_line_ = cut.tail_line;
  }
}

/// What follows this rank's last row in the blocks of others.
std::string CsvBlocks::send_heads(const std::string& block, const std::vector<Cut>& cuts) {
  int owner = 0;  // rank 0 holds the row that was open before
  for (int rank = 0; rank < comm_.rank(); ++rank)
    if (cuts[static_cast<std::size_t>(rank)].starts) owner = rank;
  std::vector<std::int64_t> counts(cuts.size(), 0);
  const auto head = comm_.rank() == 0 ? 0 : cuts[static_cast<std::size_t>(comm_.rank())].head;
  counts[static_cast<std::size_t>(owner)] = head;
  const auto in = comm_.all_to_all_v(std::span<const char>(block.data(), static_cast<std::size_t>(head)),
                                     std::span<const std::int64_t>(counts));
  return {in.values.begin(), in.values.end()};
}

std::optional<CsvText> CsvBlocks::next() {
  if (ended_) return std::nullopt;
  std::string block;
  golden::CsvPiece piece;
  comm::agree(comm_, [&] {
    block = read_block();
    piece = golden::scan_piece(block, body_.separator);
  });
  const auto place = enter(piece);
  const auto starts = golden::row_starts(block, place, body_.separator);
  Cut cut{std::ssize(block), 0, 0, starts.has_value()};
  if (starts) {
    cut = {static_cast<std::int64_t>(starts->first),
           std::ssize(block) - static_cast<std::int64_t>(starts->last), starts->last_line, true};
  }
  const auto cuts = comm_.all_gather(cut);
  CsvText rows;
  rows.line = open_.empty() && starts ? starts->first_line : open_line_;
  rows.bytes = std::exchange(open_, "");
  comm::agree(comm_, [&] { check_rows(cuts); });
  const auto following = send_heads(block, cuts);

  // The row that is open at the end of this rank's block: rank 0's old one, when none began since.
  std::string last;
  if (comm_.rank() == 0) rows.bytes.append(block, 0, static_cast<std::size_t>(cut.head));
  if (starts) {
    rows.bytes.append(block, starts->first, starts->last - starts->first);
    last = block.substr(starts->last);
  } else {
    std::swap(last, rows.bytes);
  }
  last += following;
  const auto later = std::span(cuts).subspan(static_cast<std::size_t>(comm_.rank()) + 1);
  const bool whole = ended_ || std::ranges::any_of(later, &Cut::starts);
  if (whole) rows.bytes += std::exchange(last, "");
  const auto open = comm_.gather_v(std::span<const char>(last), 0).values;
  open_.assign(open.begin(), open.end());
  return rows;
}

}  // namespace dream::sweep
