#include "golden/csv_scan.hpp"

#include <random>

#include "base/errors.hpp"
#include "golden/csv.hpp"
#include "tests/support/test.hpp"

using namespace dream;

namespace {

/// Texts of the bytes that matter, most of them no CSV at all.
std::string any_bytes(std::mt19937& random, std::size_t most) {
  constexpr std::string_view letters = "\"\"\"\",,\n\n\r\rab";
  std::string text(random() % most, ' ');
  for (auto& c : text) c = letters[random() % letters.size()];
  return text;
}

std::vector<std::pair<std::size_t, std::int64_t>> starts_of(std::string_view bytes) {
  std::vector<std::pair<std::size_t, std::int64_t>> starts;
  golden::each_row_start(bytes, {}, ',', [&](std::size_t at, std::int64_t line) {
    starts.emplace_back(at, line);
    return true;
  });
  return starts;
}

/// Cells and lines of all rows, or nothing for what is no CSV.
std::optional<std::vector<golden::CsvRow>> rows_of(std::string_view bytes, std::int64_t line) {
  try {
    return golden::parse_csv_rows(bytes, "g", ',', line);
  } catch (const CorpusError&) {
    return std::nullopt;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(pieces_of_any_size_know_what_the_whole_knows) {
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    const auto bytes = any_bytes(random, 40);
    const auto whole = golden::behind({}, golden::scan_piece(bytes, ','));
    auto place = golden::CsvPlace{};
    std::vector<std::pair<std::size_t, std::int64_t>> starts;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto piece = std::string_view(bytes).substr(at, random() % 5);  // empty ones, too
      golden::each_row_start(piece, place, ',', [&](std::size_t start, std::int64_t line) {
        starts.emplace_back(at + start, line);
        return true;
      });
      place = golden::behind(place, golden::scan_piece(piece, ','));
      at += piece.size();
    }
    BOOST_TEST_REQUIRE((place.state == whole.state), bytes);
    BOOST_TEST_REQUIRE(place.line == whole.line, bytes);
    BOOST_TEST_REQUIRE((starts == starts_of(bytes)), bytes);
  }
}

BOOST_AUTO_TEST_CASE(rows_read_one_by_one_are_the_rows_of_the_reader) {
  std::mt19937 random(2);
  int well = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto bytes = any_bytes(random, 24);
    const auto wanted = rows_of(bytes, 1);
    const bool broken = golden::behind({}, golden::scan_piece(bytes, ',')).state == golden::CsvState::broken;
    if (!wanted) continue;
    ++well;
    BOOST_TEST_REQUIRE(!broken, bytes);
    auto starts = starts_of(bytes);
    std::vector<golden::CsvRow> rows;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const auto end = i + 1 < starts.size() ? starts[i + 1].first : bytes.size();
      const auto one =
          rows_of(std::string_view(bytes).substr(starts[i].first, end - starts[i].first), starts[i].second);
      BOOST_TEST_REQUIRE(one.has_value(), bytes);
      BOOST_TEST_REQUIRE(one->size() <= 1U, bytes);
      BOOST_TEST_REQUIRE((i == 0 || bytes.substr(starts[i].first - 1, 2) != "\r\n"), bytes);  // one line end
      rows.insert(rows.end(), one->begin(), one->end());
    }
    BOOST_TEST_REQUIRE(rows.size() == wanted->size(), bytes);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      BOOST_TEST_REQUIRE((rows[i].cells == (*wanted)[i].cells), bytes);
      BOOST_TEST_REQUIRE(rows[i].line == (*wanted)[i].line, bytes);
    }
  }
  BOOST_TEST(well > 500);
}

BOOST_AUTO_TEST_CASE(a_header_is_found_as_soon_as_a_row_follows) {
  const std::string bytes = "\xEF\xBB\xBF\n\r\nc;\"a\nb\"\r\n1;2\n";
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto head = golden::csv_head(std::string_view(bytes).substr(0, size), "g");
    BOOST_TEST_REQUIRE(head.has_value() == (size > 15), size);
    if (!head) continue;
    BOOST_TEST((head->row.cells == std::vector<std::string>{"c", "a\nb"}));
    BOOST_TEST(head->row.line == 3);
    BOOST_TEST(head->separator == ';');
    BOOST_TEST(head->end == 15);
    BOOST_TEST(head->line == 5);
  }
}
