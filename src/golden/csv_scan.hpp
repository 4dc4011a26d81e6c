#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

/// Where the rows of a CSV begin, for those who have only a piece of it. A piece says nothing about whether
/// it begins inside quotes, so it is scanned for every state at once; whoever knows the state before the
/// first piece then knows it before each. The grammar is parse_csv()'s, to the letter.
namespace dream::golden {

/// What a reader knows between two bytes.
enum class CsvState : std::uint8_t {
  row,       ///< a row begins here
  after_cr,  ///< the same, behind a CR: a LF that follows still belongs to that line end
  cell,      ///< a cell begins here, behind a separator
  plain,     ///< inside a cell without quotes
  quoted,    ///< inside quotes
  closed,    ///< behind a quote inside quotes: it ends the cell, or it is the first of a pair
  broken     ///< text behind a closing quote: no CSV from here on
};
inline constexpr std::size_t csv_states = 7;

/// What a piece does to a reader that goes through it. Plain, so that ranks can tell each other.
struct CsvPiece {
  std::array<CsvState, csv_states> after{};  ///< by the state in which the reader comes
  std::int64_t line_ends = 0;                ///< CRLF is one
  bool begins_with_lf = false;
  bool ends_with_cr = false;
  bool empty = true;
};
[[nodiscard]] CsvPiece scan_piece(std::string_view bytes, char separator);

/// A reader's place in a CSV.
struct CsvPlace {
  CsvState state = CsvState::row;
  std::int64_t line = 1;    ///< of the byte that follows, 1-based
  bool follows_cr = false;  ///< the byte before is a CR, inside quotes or not
};
/// The place behind a piece.
[[nodiscard]] CsvPlace behind(const CsvPlace& place, const CsvPiece& piece);

/// The beginnings of the first and last row that begin in a piece.
struct RowStarts {
  std::size_t first = 0;
  std::int64_t first_line = 1;
  std::size_t last = 0;
  std::int64_t last_line = 1;
};
/// Nothing when no row begins in these bytes. `place`: before the first of them.
[[nodiscard]] std::optional<RowStarts> row_starts(std::string_view bytes, const CsvPlace& place,
                                                  char separator);

/// Calls visit(position, line) for the beginning of every row, until it returns false.
void each_row_start(std::string_view bytes, const CsvPlace& place, char separator,
                    const std::function<bool(std::size_t, std::int64_t)>& visit);

}  // namespace dream::golden
