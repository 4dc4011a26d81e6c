#include "device/exact_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/errors.hpp"

// Letters of shapes: Q questions of a batch, N rows, D columns.
namespace dream::device {
namespace {

using kernels::Element;
using kernels::Hit;

/// Of vectors on their way up, twice, so that one piece is copied while the other travels.
constexpr std::int64_t staging_bytes = 8 << 20;

/// Rounded rows begin on boundaries of 16 bytes, which tensor cores want.
std::int64_t wide_of(std::int64_t columns, Element element) {
  return element == Element::fp32 ? columns : (columns + 7) / 8 * 8;
}

/// Bytes, in the order of the members.
struct Sizes {
  std::int64_t vectors, rounded, questions, rounded_questions, scores, best, exact;
  Sizes(std::int64_t rows, std::int64_t columns, const SearchPlan& plan) {
    const auto row = wide_of(columns, plan.element) * bytes_of(plan.element);
    vectors = rows * columns * 4;
    rounded = rows * row;
    questions = plan.questions * columns * 4;
    rounded_questions = plan.questions * row;
    scores = plan.questions * std::min(plan.tile, rows) * 4;
    best = plan.questions * kernels::most_k * static_cast<std::int64_t>(sizeof(Hit));
    exact = plan.questions * kernels::most_k * 4;
  }
  [[nodiscard]] std::int64_t all() const {
    return vectors + rounded + questions + rounded_questions + scores + best + exact;
  }
};

}  // namespace

std::int64_t ExactSearch::bytes_of(std::int64_t rows, std::int64_t columns, const SearchPlan& plan) {
  return Sizes(rows, columns, plan).all();
}

ExactSearch::ExactSearch(std::shared_ptr<Accelerator> accelerator, MatrixView<const float> vectors,
                         const SearchPlan& plan, const Pulse& pulse)
    : accelerator_(std::move(accelerator)),
      rows_(vectors.rows),
      columns_(vectors.cols),
      plan_(plan),
      wide_(wide_of(columns_, plan.element)) {
  DREAM_CHECK(rows_ > 0 && columns_ > 0 && rows_ < 0xFFFFFFFFLL, "vectors to search");
  const Sizes sizes(rows_, columns_, plan_);
  const auto take = [&](std::int64_t bytes) { return accelerator_->memory(bytes); };
  vectors_ = take(sizes.vectors);
  rounded_ = take(sizes.rounded);
  questions_ = take(sizes.questions);
  rounded_questions_ = take(sizes.rounded_questions);
  scores_ = take(sizes.scores);
  best_ = take(sizes.best);
  exact_ = take(sizes.exact);
  host_in_ = accelerator_->host_memory(std::max(2 * staging_bytes, sizes.questions));
  host_best_ = accelerator_->host_memory(sizes.best);
  host_exact_ = accelerator_->host_memory(sizes.exact);
  upload(vectors, pulse);
}

ExactSearch::Drained::~Drained() {
  if (search.accelerator_->drain()) return;
  // What still reads and writes it must find it there.
  for (const auto& memory : {search.host_in_, search.host_best_, search.host_exact_}) new Memory(memory);
}

ExactSearch::~ExactSearch() = default;

void ExactSearch::upload(MatrixView<const float> vectors, const Pulse& pulse) {
  const auto total = rows_ * columns_ * 4;
  const auto* const from = reinterpret_cast<const std::byte*>(vectors.data);
  std::array<Mark, 2> sent;
  std::size_t turn = 0;
  for (std::int64_t at = 0; at < total; at += staging_bytes, turn ^= 1) {
    const auto bytes = std::min(staging_bytes, total - at);
    auto* const stage = host_in_.get() + static_cast<std::int64_t>(turn) * staging_bytes;
    if (at >= 2 * staging_bytes) accelerator_->wait(sent[turn], pulse);
    std::memcpy(stage, from + at, static_cast<std::size_t>(bytes));
    accelerator_->copy_in(vectors_.get() + at, stage, bytes);
    sent[turn] = accelerator_->mark();
  }
  accelerator_->kernels().round_rows(
      {reinterpret_cast<const float*>(vectors_.get()), rows_, columns_, wide_, rounded_.get()}, plan_.element,
      accelerator_->stream());
  accelerator_->wait(accelerator_->mark(), pulse);
}

/// All that happens on the accelerator, with questions there already and `best` all 0.
void ExactSearch::compute(const BatchShape& shape) {
  const auto [q, k] = shape;
  const auto& kernels = accelerator_->kernels();
  const auto stream = accelerator_->stream();
  const auto* const questions = reinterpret_cast<const float*>(questions_.get());
  auto* const scores = reinterpret_cast<float*>(scores_.get());
  auto* const best = reinterpret_cast<Hit*>(best_.get());
  kernels.round_rows({questions, q, columns_, wide_, rounded_questions_.get()}, plan_.element, stream);
  for (std::int64_t first = 0; first < rows_; first += plan_.tile) {
    const auto n = std::min(plan_.tile, rows_ - first);
    accelerator_->multiply({.x = rounded_questions_.get(),
                            .weights = rounded_.get() + first * wide_ * kernels::bytes_of(plan_.element),
                            .y = scores,
                            .rows = q,
                            .inputs = wide_,
                            .outputs = n,
                            .to_floats = true},
                           plan_.element);
    kernels.top_k({scores, q, n, static_cast<std::uint32_t>(first), k, best}, stream);
  }
  kernels.rescore({questions, reinterpret_cast<const float*>(vectors_.get()), best, q, k, columns_,
                   reinterpret_cast<float*>(exact_.get())},
                  stream);
}

void ExactSearch::find(MatrixView<const float> questions, std::int64_t count, std::span<float> raw,
                       std::span<float> exact, std::span<std::int64_t> rows, const Pulse& pulse) {
  DREAM_CHECK(questions.cols == columns_, "questions and vectors differ in dimension");
  DREAM_CHECK(count >= 1 && count <= kernels::most_k, std::to_string(count) + " hits");
  DREAM_CHECK(
      std::ssize(raw) == questions.rows * count && raw.size() == rows.size() && raw.size() == exact.size(),
      "room for `count` hits per question");
  for (std::int64_t begin = 0; begin < questions.rows; begin += plan_.questions) {
    const auto q = std::min(plan_.questions, questions.rows - begin);
    const auto at = static_cast<std::size_t>(begin * count), size = static_cast<std::size_t>(q * count);
    find_batch({questions.data + begin * columns_, q, columns_}, count, raw.subspan(at, size),
               exact.subspan(at, size), rows.subspan(at, size), pulse);
  }
}

void ExactSearch::find_batch(MatrixView<const float> questions, std::int64_t count, std::span<float> raw,
                             std::span<float> exact, std::span<std::int64_t> rows, const Pulse& pulse) {
  // What an earlier call left in flight, when it ended early, may still read and write the host's memory.
  accelerator_->wait(accelerator_->mark(), pulse);
  const auto size = questions.rows * count;
  const auto hit_bytes = size * static_cast<std::int64_t>(sizeof(Hit));
  std::memcpy(host_in_.get(), questions.data, static_cast<std::size_t>(questions.rows * columns_ * 4));
  std::memset(host_best_.get(), 0, static_cast<std::size_t>(hit_bytes));
  accelerator_->copy_in(questions_.get(), host_in_.get(), questions.rows * columns_ * 4);
  accelerator_->copy_in(best_.get(), host_best_.get(), hit_bytes);
  // As in model/device_encoder.cpp: done as it comes the first time, then as one.
  const BatchShape shape{questions.rows, count};
  if (const auto [known, is_new] = recorded_.try_emplace(shape); is_new) {
    compute(shape);
  } else {
    if (!known->second) known->second = accelerator_->record([&] { compute(shape); });
    accelerator_->play(known->second);
  }
  accelerator_->copy_out(host_best_.get(), best_.get(), hit_bytes);
  accelerator_->copy_out(host_exact_.get(), exact_.get(), size * 4);
  accelerator_->wait(accelerator_->mark(), pulse);
  const auto* const hits = reinterpret_cast<const Hit*>(host_best_.get());
  std::copy_n(reinterpret_cast<const float*>(host_exact_.get()), size, exact.begin());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    raw[i] = hits[i] == 0 ? -INFINITY : kernels::score_of(hits[i]);
    rows[i] = hits[i] == 0 ? -1 : std::int64_t{kernels::index_of(hits[i])};
  }
}

double ExactSearch::raw_error(double question_length, double longest) const {
  const auto d = static_cast<double>(columns_);
  // The unit of rounding, and half of the least number that an element can be.
  double unit = 0, least = 0;
  if (plan_.element == Element::fp16) {
    unit = 0x1p-11;
    least = 0x1p-25;
  } else if (plan_.element == Element::bf16) {
    unit = 0x1p-8;
    least = 0x1p-126;
  }
  const auto both = question_length * longest;
  const auto of_rounding = (2 * unit + unit * unit) * both +
                           least * std::sqrt(d) * (1 + unit) * (question_length + longest) +
                           d * least * least;
  // Sums are kept in float32; tensor cores cut where others round, so twice the unit, and twice to be safe.
  const auto of_sums = d * (0x1p-22 * both * (1 + unit) * (1 + unit) + 0x1p-126);
  return of_rounding + of_sums;
}

}  // namespace dream::device
