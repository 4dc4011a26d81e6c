#include "sweep/question_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/errors.hpp"
#include "comm/agree.hpp"
#include "golden/csv.hpp"
#include "golden/formats.hpp"
#include "golden/rows.hpp"
#include "sweep/inputs/csv_blocks.hpp"

namespace dream::sweep {
namespace {

/// Nobody reads more of them, and a file that is wrong in every row should not fill the memory.
constexpr std::size_t most_problems = 5000;

/// Rank 0 reads more and more of the beginning until the header is whole.
golden::CsvHead read_head(const storage::Extent& csv, storage::Service* s3, const Pulse& pulse,
                          const GoldenBlocks& blocks) {
  const auto most = std::min(csv.bytes, blocks.row_limit);
  for (auto bytes = std::min(most, blocks.block);; bytes = std::min(most, 2 * bytes)) {
    const auto begin = storage::read_piece(csv, 0, bytes, s3, pulse);
    if (auto head = golden::csv_head(begin, csv.place)) return std::move(*head);
    if (bytes < most) continue;
    if (bytes == csv.bytes) (void)golden::parse(begin, csv.place);  // throws, most likely, and says why
    throw CorpusError(csv.place, 0,
                      fmt::format("no row begins behind the header within {} bytes; is a quote in it never "
                                  "closed?",
                                  bytes));
  }
}

golden::CsvHead share_head(comm::Communicator& comm, const std::function<golden::CsvHead()>& read) {
  golden::CsvHead head;
  comm::agree(comm, [&] {
    if (comm.rank() == 0) head = read();
  });
  auto message =
      Packer().put(head.row.cells).put(head.row.line).put(head.separator).put(head.end).put(head.line).take();
  comm.broadcast(message, 0);
  Unpacker reader(message);
  head.row.cells = reader.get<std::vector<std::string>>();
  head.row.line = reader.get<std::int64_t>();
  head.separator = reader.get<char>();
  head.end = reader.get<std::int64_t>();
  head.line = reader.get<std::int64_t>();
  return head;
}

/// The problems of all ranks, in the order of their rows.
void gather_problems(comm::Communicator& comm, const std::vector<golden::Problem>& own,
                     std::vector<golden::Problem>& all) {
  if (comm.all_reduce(std::ssize(own), comm::Reduce::sum) == 0) return;
  Packer packer;
  for (const auto& problem : std::span(own).first(std::min(own.size(), most_problems)))
    packer.put(problem.row).put(problem.line).put(problem.column).put(problem.what);
  const auto message = packer.take();
  const auto texts = comm.all_gather_v(std::span<const char>(message)).values;
  for (Unpacker reader(texts); !reader.done() && all.size() < most_problems;) {
    golden::Problem problem{reader.get<std::int64_t>(), reader.get<std::int64_t>(), "", ""};
    problem.column = reader.get<std::string>();
    problem.what = reader.get<std::string>();
    all.push_back(std::move(problem));
  }
}

/// Gives this rank's questions ids that no other question has. An id depends on all that came before, on
/// whatever rank.
void number_ids(comm::Communicator& comm, golden::UniqueIds& unique, std::vector<GoldenQuestion>& own) {
  Packer packer;
  for (const auto& question : own) packer.put(question.id);
  const auto message = packer.take();
  const auto all = comm.all_gather_v(std::span<const char>(message));
  for (int rank = 0; rank < comm.size(); ++rank) {
    const auto ids = all.from(rank);
    std::size_t at = 0;
    for (Unpacker reader(std::string_view(ids.data(), ids.size())); !reader.done();) {
      auto id = unique(reader.get<std::string>());
      if (rank == comm.rank()) own[at++].id = std::move(id);
    }
  }
}

}  // namespace

void read_rows(comm::Communicator& comm, const storage::Extent& csv, storage::Service* s3, const Pulse& pulse,
               const GoldenBlocks& blocks, Questions& questions) {
  const auto head = share_head(comm, [&] { return read_head(csv, s3, pulse, blocks); });
  comm::agree(comm, [&] { (void)golden::read_csv_rows(head.row, {}, 0, csv.place); });  // has our columns
  CsvBlocks reader(
      comm,
      {csv.place, head.separator, head.end, csv.bytes, head.line,
       [&](auto begin, auto bytes) { return storage::read_piece(csv, begin, bytes, s3, pulse); }},
      blocks.block, blocks.row_limit);
  golden::UniqueIds unique;
  std::vector<golden::Problem> problems;
  std::int64_t rows_before = 0;
  while (auto text = reader.next()) {
    std::vector<golden::CsvRow> rows;
    comm::agree(comm, [&] {
      rows = golden::parse_csv_rows(text->bytes, csv.place, head.separator, text->line);
      text.reset();
    });
    golden::RowsRead own;
    const auto counts = comm.all_gather(std::ssize(rows));
    comm::agree(comm, [&] {
      const auto here = std::accumulate(counts.begin(), counts.begin() + comm.rank(), rows_before);
      own = golden::read_csv_rows(head.row, rows, here, csv.place);
    });
    rows = {};
    rows_before = std::accumulate(counts.begin(), counts.end(), rows_before);
    gather_problems(comm, own.problems, problems);
    if (!problems.empty()) continue;  // only to name the other wrong rows, too
    number_ids(comm, unique, own.questions);
    auto mine = Questions::pack(std::move(own.questions));
    for (int rank = 0; rank < comm.size(); ++rank) {  // one after the other: a block's worth at a time
      auto message = rank == comm.rank() ? std::move(mine) : Bytes();
      comm.broadcast(message, rank);
      questions.unpack(message);
    }
  }
  comm::agree(comm, [&] { golden::check_rows(problems, std::ssize(questions.list), csv.place); });
}

}  // namespace dream::sweep
