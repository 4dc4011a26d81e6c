#include "stages/retrieve/search.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/errors.hpp"
#include "kernels/dot/dot.hpp"

namespace dream::retrieve {
namespace {

using Rows = std::vector<std::int64_t>;

bool better(const RetrievedChunk& a, const RetrievedChunk& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.chunk < b.chunk;
}

double length_of(std::span<const float> vector) {
  double squares = 0;
  for (const float v : vector) squares += static_cast<double>(v) * v;
  return std::sqrt(squares);
}

/// How far apart two raw scores must be for their order to be certain; see search().
double slack(const Source& source, double question_length) {
  constexpr double u = 0x1p-24;
  constexpr double underflow = 0x1p-126;  // whole, should someone have switched subnormal numbers off
  const auto d = static_cast<double>(source.vectors.cols);
  // 1 + 1/64 covers the bound's own second order term for any D up to 2^17.
  const auto own = d * (u * question_length * source.longest * (1 + 1.0 / 64) + underflow);
  return 2 * own + 2 * (source.raw_error ? source.raw_error(question_length) : own);
}

/// Rows, and their scores where they are known already.
struct Candidates {
  Rows rows;
  std::vector<float> scores;
};

/// What was nominated for some questions; (Q, count) each.
struct Nominations {
  std::vector<float> raw, own;  ///< own: empty where nobody has scored them yet
  Rows rows;
};

Nominations nominate(const Source& source, MatrixView<const float> questions, std::int64_t count) {
  const auto size = static_cast<std::size_t>(questions.rows * count);
  Nominations found{std::vector<float>(size), {}, Rows(size)};
  if (source.nominate_scored) {
    found.own.resize(size);
    source.nominate_scored(questions, count, found.raw, found.own, found.rows);
  } else {
    source.nominate(questions, count, found.raw, found.rows);
  }
  return found;
}

/// Those of one question: `count` of them from `at` on, and rows of -1 at the end are none.
Candidates candidates_of(const Nominations& found, std::size_t at, std::size_t count) {
  const auto rows = std::span(found.rows).subspan(at, count);
  const auto end = std::ranges::find(rows, -1) - rows.begin();
  Candidates one{{rows.begin(), rows.begin() + end}, {}};
  if (!found.own.empty()) {
    const auto from = found.own.begin() + static_cast<std::ptrdiff_t>(at);
    one.scores.assign(from, from + end);
  }
  return one;
}

Matrix pick(MatrixView<const float> questions, std::span<const std::int64_t> which) {
  Matrix picked(std::ssize(which), questions.cols);
  for (std::int64_t i = 0; i < picked.rows; ++i) {
    std::ranges::copy(questions.row(which[static_cast<std::size_t>(i)]), picked.row(i).begin());
  }
  return picked;
}

Rows all_rows(const Source& source) {
  Rows rows(static_cast<std::size_t>(source.vectors.rows));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

/// One question's nominations, unless more are needed to be sure.
bool settled(std::span<const float> raw, std::span<const std::int64_t> rows, std::int32_t k,
             double certain_gap) {
  if (rows.back() < 0) return true;  // the index has no more
  return static_cast<double>(raw[static_cast<std::size_t>(k) - 1]) - static_cast<double>(raw.back()) >
         certain_gap;
}

/// For each question the rows that can be among its k best.
std::vector<Candidates> candidates(const Source& source, MatrixView<const float> questions,
                                   const SearchOptions& options) {
  std::vector<Candidates> found(static_cast<std::size_t>(questions.rows));
  Rows open(found.size());
  std::iota(open.begin(), open.end(), 0);
  std::int64_t count = std::int64_t{options.k} + options.margin;
  // Beyond half the rows, scoring them all costs less than selecting among them.
  const auto most = std::min(options.most_nominated, source.vectors.rows / 2);
  for (; !open.empty() && count <= most; count *= 4) {
    const Matrix asked = pick(questions, open);
    const auto nominated = nominate(source, asked.view(), count);
    Rows still_open;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const auto size = static_cast<std::size_t>(count), at = i * size;
      const double gap = slack(source, length_of(questions.row(open[i])));
      if (settled(std::span(nominated.raw).subspan(at, size), std::span(nominated.rows).subspan(at, size),
                  options.k, gap))
        found[static_cast<std::size_t>(open[i])] = candidates_of(nominated, at, size);
      else
        still_open.push_back(open[i]);
    }
    open = std::move(still_open);
  }
  for (const auto q : open) found[static_cast<std::size_t>(q)] = {all_rows(source), {}};
  return found;
}

/// Appends the k best of the candidates as one more question's list.
void append_best(Retrieved& result, const Source& source, std::span<const float> question,
                 Candidates candidates, std::int32_t k) {
  auto& [rows, scores] = candidates;
  if (scores.empty()) {
    scores.resize(rows.size());
    kernels::dot_rows(question, source.vectors, rows, scores);
  }
  std::vector<RetrievedChunk> list(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    list[i] = {source.ids[static_cast<std::size_t>(rows[i])], scores[i], Origin::hit};
  }
  const auto kept = std::min<std::ptrdiff_t>(k, std::ssize(list));
  std::partial_sort(list.begin(), list.begin() + kept, list.end(), better);
  result.chunks.insert(result.chunks.end(), list.begin(), list.begin() + kept);
  result.offsets.push_back(std::ssize(result.chunks));
}

std::span<const RetrievedChunk> list_of(const Retrieved& result, std::int64_t question) {
  const auto q = static_cast<std::size_t>(question);
  const auto begin = static_cast<std::size_t>(result.offsets[q]);
  return std::span(result.chunks).subspan(begin, static_cast<std::size_t>(result.offsets[q + 1]) - begin);
}

Bytes packed(const Retrieved& result) { return Packer().put(result.offsets).put(result.chunks).take(); }

Retrieved unpacked(const Bytes& bytes) {
  Unpacker in(bytes);
  Retrieved result;
  result.offsets = in.get<std::vector<std::int64_t>>();
  result.chunks = in.get<std::vector<RetrievedChunk>>();
  return result;
}

}  // namespace

Retrieved search(const Source& source, MatrixView<const float> questions, const SearchOptions& options,
                 const Pulse& pulse) {
  DREAM_CHECK(options.k >= 0 && options.margin >= 0 && options.batch > 0, "search options out of range");
  DREAM_CHECK(questions.cols == source.vectors.cols, "questions and shard differ in dimension");
  DREAM_CHECK(std::ssize(source.ids) == source.vectors.rows, "one id for each vector");
  // Below this no sum of products overflows, and no score is NaN.
  for (std::int64_t q = 0; q < questions.rows; ++q) {
    DREAM_CHECK(length_of(questions.row(q)) * std::max(1.0, source.longest) < 1e38,
                "question " + std::to_string(q) + " has a vector that is not finite or too long");
  }
  if (options.k == 0) return no_hits(questions.rows);
  Retrieved result;
  for (std::int64_t begin = 0; begin < questions.rows; begin += options.batch) {
    pulse();
    const std::int64_t count = std::min(options.batch, questions.rows - begin);
    const MatrixView<const float> batch{questions.data + begin * questions.cols, count, questions.cols};
    auto found = candidates(source, batch, options);
    for (std::int64_t q = 0; q < count; ++q) {
      append_best(result, source, batch.row(q), std::move(found[static_cast<std::size_t>(q)]), options.k);
    }
  }
  return result;
}

Retrieved no_hits(std::int64_t questions) {
  Retrieved result;
  result.offsets.assign(static_cast<std::size_t>(questions) + 1, 0);
  return result;
}

Retrieved merge(const Retrieved& a, const Retrieved& b, std::int32_t k) {
  DREAM_CHECK(a.questions() == b.questions(), "results over different questions cannot be merged");
  Retrieved result;
  for (std::int64_t q = 0; q < a.questions(); ++q) {
    auto left = list_of(a, q);
    auto right = list_of(b, q);
    for (std::int32_t taken = 0; taken < k && !(left.empty() && right.empty()); ++taken) {
      const bool from_left = right.empty() || (!left.empty() && !better(right.front(), left.front()));
      const RetrievedChunk next = from_left ? left.front() : right.front();
      result.chunks.push_back(next);
      if (!left.empty() && left.front().chunk == next.chunk) left = left.subspan(1);
      if (!right.empty() && right.front().chunk == next.chunk) right = right.subspan(1);
    }
    result.offsets.push_back(std::ssize(result.chunks));
  }
  return result;
}

Retrieved merge_over_ranks(comm::Communicator& comm, const Retrieved& mine, std::int32_t k) {
  Retrieved result = merge(mine, no_hits(mine.questions()), k);
  // Round by round the ranks whose bit is set hand their result down and leave; rank 0 stays to the end.
  for (int bit = 1; bit < comm.size(); bit *= 2) {
    if ((comm.rank() & bit) != 0) {
      comm.send(packed(result), comm.rank() - bit);
      break;
    }
    if (comm.rank() + bit < comm.size()) result = merge(result, unpacked(comm.receive(comm.rank() + bit)), k);
  }
  Bytes all;
  if (comm.rank() == 0) all = packed(result);
  comm.broadcast(all, 0);
  return unpacked(all);
}

}  // namespace dream::retrieve
