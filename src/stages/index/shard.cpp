#include "stages/index/shard.hpp"

#include <faiss/AutoTune.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexPQ.h>
#include <faiss/impl/FaissException.h>
#include <faiss/impl/io.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/errors.hpp"

namespace dream::index {
namespace {

using IndexPtr = std::unique_ptr<faiss::Index>;
static_assert(std::is_same_v<faiss::Index::idx_t, std::int64_t>);

/// FAISS inserts into an HNSW graph from all threads at once, and the graph then depends on who came first.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

IndexPtr make(std::int64_t dimension, const std::string& factory) {
  try {
    IndexPtr index(
        faiss::index_factory(static_cast<int>(dimension), factory.c_str(), faiss::METRIC_INNER_PRODUCT));
    if (index->metric_type == faiss::METRIC_INNER_PRODUCT) return index;
  } catch (const faiss::FaissException& e) {
    throw ConfigError("index.factory = \"" + factory + "\" over vectors of " + std::to_string(dimension) +
                      " numbers: FAISS says: " + e.what());
  }
  throw ConfigError("index.factory = \"" + factory + "\" cannot search by inner product");
}

/// FAISS warns on stderr below 39 rows per centroid; whether to index so few rows is the user's choice. It
/// also spends most of a PQ's training on renumbering codes for a kind of search that we do not use.
void prepare_training(faiss::Index& index) {
  if (auto* ivf = dynamic_cast<faiss::IndexIVF*>(&index)) ivf->cp.min_points_per_centroid = 1;
  if (auto* pq = dynamic_cast<faiss::IndexPQ*>(&index)) {
    pq->pq.cp.min_points_per_centroid = 1;
    pq->do_polysemous_training = false;
  }
  if (auto* pq = dynamic_cast<faiss::IndexIVFPQ*>(&index)) pq->pq.cp.min_points_per_centroid = 1;
}

/// Whether the index could be trained. FAISS has no question for "enough rows?"; it throws.
bool train(faiss::Index& index, MatrixView<const float> vectors) {
  if (index.is_trained) return true;
  if (vectors.rows == 0) return false;
  prepare_training(index);
  try {
    index.train(vectors.rows, vectors.data);
  } catch (const faiss::FaissException&) {
    return false;
  }
  return true;
}

Bytes file_of(const faiss::Index& index) {
  faiss::VectorIOWriter writer;
  faiss::write_index(&index, &writer);
  return {writer.data.begin(), writer.data.end()};
}

/// Reads an index out of memory that stays the caller's.
struct SpanReader : faiss::IOReader {
  std::span<const char> rest;
  explicit SpanReader(std::span<const char> bytes) : rest(bytes) {}
  std::size_t operator()(void* out, std::size_t size, std::size_t items) override {
    const std::size_t whole = size == 0 ? 0 : std::min(items, rest.size() / size);
    if (whole > 0) std::memcpy(out, rest.data(), whole * size);
    rest = rest.subspan(whole * size);
    return whole;
  }
};

IndexPtr load(std::span<const char> file, const std::string& place) {
  SpanReader reader(file);
  try {
    return IndexPtr(faiss::read_index(&reader));
  } catch (const std::exception& e) {  // FaissException, or bad_alloc for a size that is not one
    throw StateError(place, "", std::string("is no FAISS index: ") + e.what());
  }
}

const faiss::IndexFlat* as_flat(const faiss::Index& index) {
  return dynamic_cast<const faiss::IndexFlat*>(&index);
}

double longest_of(MatrixView<const float> vectors) {
  double longest = 0;
  for (std::int64_t r = 0; r < vectors.rows; ++r) {
    double squares = 0;
    for (const float v : vectors.row(r)) squares += static_cast<double>(v) * v;
    longest = std::max(longest, squares);
  }
  return std::sqrt(longest);
}

}  // namespace

struct Shard::Loaded {
  IndexPtr faiss;
};

void check_factory(std::string_view factory, std::int64_t dimension) {
  (void)make(dimension, std::string(factory));
}

Built build(const ShardRows& rows, std::string_view factory_) {
  const MatrixView<const float> vectors = rows.vectors.view();
  DREAM_CHECK(vectors.rows == std::ssize(rows.ids), "one id for each vector");
  DREAM_CHECK(std::ranges::all_of(vectors.flat(), [](float v) { return std::isfinite(v); }),
              "a vector with a number that is not finite");
  std::string factory(factory_);
  IndexPtr index = make(vectors.cols, factory);
  const OneThread one_thread;
  if (!train(*index, vectors)) {
    factory = flat;
    index = make(vectors.cols, factory);
  }
  try {
    if (vectors.rows > 0) index->add(vectors.rows, vectors.data);
    return {file_of(*index), factory};
  } catch (const faiss::FaissException& e) {
    throw ConfigError("index.factory = \"" + factory +
                      "\" cannot hold numbered rows: FAISS says: " + e.what());
  }
}

Shard::Shard(std::span<const char> file, ShardRows rows, std::string_view search_parameters,
             const std::string& place)
    : index_(new Loaded{load(file, place)}), vectors_(std::move(rows.vectors)), ids_(std::move(rows.ids)) {
  faiss::Index& index = *index_->faiss;
  if (index.ntotal != std::ssize(ids_) || index.metric_type != faiss::METRIC_INNER_PRODUCT) {
    throw StateError(place, "",
                     "is an index of " + std::to_string(index.ntotal) + " rows, expected " +
                         std::to_string(ids_.size()) + " by inner product");
  }
  const bool held_by_index = is_exact() && vectors_.rows == 0;
  if (!held_by_index && (vectors_.rows != index.ntotal || vectors_.cols != index.d)) {
    throw StateError(place, "",
                     "is an index of " + std::to_string(index.ntotal) + " x " + std::to_string(index.d) +
                         " numbers, the vectors are " + std::to_string(vectors_.rows) + " x " +
                         std::to_string(vectors_.cols));
  }
  if (is_exact()) vectors_ = {};  // one copy is enough
  longest_ = longest_of(vectors());
  if (search_parameters.empty() || is_exact()) return;
  try {
    faiss::ParameterSpace().set_index_parameters(&index, std::string(search_parameters).c_str());
  } catch (const faiss::FaissException& e) {
    throw ConfigError("search parameters \"" + std::string(search_parameters) +
                      "\": FAISS says: " + e.what());
  }
}

Shard::~Shard() = default;
Shard::Shard(Shard&&) noexcept = default;
Shard& Shard::operator=(Shard&&) noexcept = default;

bool Shard::is_exact() const { return as_flat(*index_->faiss) != nullptr; }

MatrixView<const float> Shard::vectors() const {
  if (const auto* held = as_flat(*index_->faiss)) return {held->get_xb(), held->ntotal, held->d};
  return vectors_.view();
}

void Shard::nominate(MatrixView<const float> questions, std::int64_t count, std::span<float> scores,
                     std::span<std::int64_t> rows) const {
  const faiss::Index& index = *index_->faiss;
  DREAM_CHECK(questions.cols == index.d, "questions and index differ in dimension");
  DREAM_CHECK(count > 0 && std::ssize(scores) == questions.rows * count && scores.size() == rows.size(),
              "room for `count` nominations per question");
  if (index.ntotal == 0) {  // FAISS leaves the answer as it was
    std::ranges::fill(scores, -std::numeric_limits<float>::infinity());
    std::ranges::fill(rows, -1);
  }
  if (questions.rows == 0 || index.ntotal == 0) return;
  if (is_exact() || dynamic_cast<const faiss::IndexHNSW*>(&index) != nullptr) {
    index.search(questions.rows, questions.data, count, scores.data(), rows.data());
    return;
  }
  // A cell or a rotation found by BLAS for twenty questions at once differs in bits from the same found
  // alone, and so might the cells that are searched.
  for (std::int64_t q = 0; q < questions.rows; ++q) {
    index.search(1, questions.row(q).data(), count, scores.data() + q * count, rows.data() + q * count);
  }
}

}  // namespace dream::index
