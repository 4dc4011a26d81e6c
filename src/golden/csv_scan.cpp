#include "golden/csv_scan.hpp"

#include <algorithm>

namespace dream::golden {
namespace {

enum Kind : std::uint8_t { other, quote, separator_, lf, cr };
constexpr std::size_t kinds = 5;

using enum CsvState;
/// next_state[state][kind]. Going through `other` a second time changes nothing more: runs of it are skipped.
constexpr CsvState next_state[csv_states][kinds] = {
    /* row      */ {plain, quoted, cell, row, after_cr},
    /* after_cr */ {plain, quoted, cell, row, after_cr},
    /* cell     */ {plain, quoted, cell, row, after_cr},
    /* plain    */ {plain, plain, cell, row, after_cr},
    /* quoted   */ {quoted, closed, quoted, quoted, quoted},
    /* closed   */ {broken, quoted, cell, row, after_cr},
    /* broken   */ {broken, broken, broken, broken, broken},
};

std::size_t at(CsvState state) { return static_cast<std::size_t>(state); }

class Kinds {
 public:
  explicit Kinds(char separator) {
    table_[static_cast<unsigned char>(separator)] = separator_;
    table_['"'] = quote;
    table_['\n'] = lf;
    table_['\r'] = cr;
  }
  Kind operator()(char c) const { return table_[static_cast<unsigned char>(c)]; }
  /// The first byte at or behind `from` that is more than text.
  [[nodiscard]] std::size_t skip(std::string_view bytes, std::size_t from) const {
    while (from < bytes.size() && (*this)(bytes[from]) == other) ++from;
    return from;
  }

 private:
  std::array<Kind, 256> table_{};
};

}  // namespace

CsvPiece scan_piece(std::string_view bytes, char separator) {
  const Kinds kind_of(separator);
  CsvPiece piece;
  for (std::size_t s = 0; s < csv_states; ++s) piece.after[s] = static_cast<CsvState>(s);
  if (bytes.empty()) return piece;
  piece.empty = false;
  piece.begins_with_lf = bytes.front() == '\n';
  piece.ends_with_cr = bytes.back() == '\r';
  // Readers that meet in one state stay together: lanes holds the states that are still apart.
  std::array<CsvState, csv_states> lanes = piece.after;
  std::array<std::size_t, csv_states> lane_of{0, 1, 2, 3, 4, 5, 6};
  std::size_t apart = csv_states;
  bool follows_cr = false;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto kind = kind_of(bytes[i]);
    if (kind == cr || (kind == lf && !follows_cr)) ++piece.line_ends;
    follows_cr = kind == cr;
    for (std::size_t lane = 0; lane < apart; ++lane) lanes[lane] = next_state[at(lanes[lane])][kind];
    i = kind == other ? kind_of.skip(bytes, i) : i + 1;
    for (std::size_t lane = 1; lane < apart; ++lane) {
      const auto same = static_cast<std::size_t>(
          std::find(lanes.begin(), lanes.begin() + static_cast<std::ptrdiff_t>(lane), lanes[lane]) -
          lanes.begin());
      if (same == lane) continue;
      --apart;
      for (auto& own : lane_of) own = own == lane ? same : own == apart ? lane : own;
      lanes[lane] = lanes[apart];
      --lane;
    }
  }
  for (std::size_t s = 0; s < csv_states; ++s) piece.after[s] = lanes[lane_of[s]];
  return piece;
}

CsvPlace behind(const CsvPlace& place, const CsvPiece& piece) {
  if (piece.empty) return place;
  const bool shared = place.follows_cr && piece.begins_with_lf;  // a CRLF that the cut divides
  return {piece.after[at(place.state)], place.line + piece.line_ends - (shared ? 1 : 0), piece.ends_with_cr};
}

void each_row_start(std::string_view bytes, const CsvPlace& place, char separator,
                    const std::function<bool(std::size_t, std::int64_t)>& visit) {
  const Kinds kind_of(separator);
  auto [state, line, follows_cr] = place;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto kind = kind_of(bytes[i]);
    const bool begins = state == row || (state == after_cr && kind != lf);
    if (begins && !visit(i, line)) return;
    if (kind == cr || (kind == lf && !follows_cr)) ++line;
    follows_cr = kind == cr;
    state = next_state[at(state)][kind];
    i = kind == other ? kind_of.skip(bytes, i) : i + 1;
  }
}

std::optional<RowStarts> row_starts(std::string_view bytes, const CsvPlace& place, char separator) {
  std::optional<RowStarts> starts;
  each_row_start(bytes, place, separator, [&](std::size_t position, std::int64_t line) {
    if (!starts) starts = RowStarts{position, line, position, line};
    starts->last = position;
    starts->last_line = line;
    return true;
  });
  return starts;
}

}  // namespace dream::golden
