// Golden files of arbitrary bytes: refused with a CorpusError or read, and in pieces (the first byte says of
// what length) the same rows begin in the same lines as in the whole.
#include <utility>
#include <vector>

#include "base/errors.hpp"
#include "golden/csv.hpp"
#include "golden/csv_scan.hpp"
#include "golden/golden.hpp"

namespace {

using namespace dream;
using Starts = std::vector<std::pair<std::size_t, std::int64_t>>;

golden::CsvPlace go_through(std::string_view bytes, std::size_t piece_size, Starts& starts) {
  golden::CsvPlace place;
  for (std::size_t at = 0; at < bytes.size(); at += piece_size) {
    const auto piece = bytes.substr(at, piece_size);
    golden::each_row_start(piece, place, ',', [&](std::size_t start, std::int64_t line) {
      starts.emplace_back(at + start, line);
      return true;
    });
    place = golden::behind(place, golden::scan_piece(piece, ','));
  }
  return place;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Starts whole, pieces;
  const auto state = go_through(bytes, size, whole).state;
  DREAM_CHECK(go_through(bytes, data[0] % 16U + 1, pieces).state == state, "pieces end in another state");
  DREAM_CHECK(pieces == whole, "pieces have other rows");
  try {
    (void)golden::csv_head(bytes, "g");
    (void)golden::parse(bytes, "g");
  } catch (const CorpusError&) {
  }
  try {
    (void)golden::parse_csv_rows(bytes, "g", ',', 1);
    DREAM_CHECK(state != golden::CsvState::broken, "rows were read from what is no CSV");
  } catch (const CorpusError&) {
  }
  return 0;
}
