#include <algorithm>
#include <map>

#include "base/file.hpp"
#include "comm/agree.hpp"
#include "corpus/clean.hpp"
#include "corpus/reader_pool.hpp"
#include "parts/documents.hpp"
#include "sweep/assign.hpp"
#include "sweep/inputs/document_hash.hpp"
#include "sweep/inputs/documents.hpp"
#include "sweep/inputs/scatter.hpp"
#include "sweep/threads.hpp"

namespace dream::sweep {
namespace {

/// A document to be read, as its reader gets it from rank 0.
struct Job {
  Digest hash;
  Place place;
  std::string format;
};

struct BucketJobs {
  std::int64_t bucket = 0;  ///< index in the list of buckets
  std::vector<Job> jobs;
};

/// What a rank tells rank 0 of a document that gave no text.
struct Failure {
  Digest hash;
  std::string reason;
  std::string detail;
  bool passing = false;
};

/// Sends each worker the documents of its buckets. Only rank 0 has `inputs`.
std::vector<BucketJobs> scatter_jobs(comm::Communicator& comm, const Inputs& inputs,
                                     std::int64_t bucket_count, const std::vector<Bucket>& buckets,
                                     const std::map<std::int64_t, int>& owner) {
  std::vector<Packer> messages(static_cast<std::size_t>(comm.size()));
  if (comm.rank() == 0) {
    std::map<std::int64_t, std::vector<const InputDocument*>> by_bucket;
    for (const auto& d : inputs.documents) by_bucket[bucket_number(d.hash, bucket_count)].push_back(&d);
    for (const auto& [index, rank] : owner) {
      const auto& documents = by_bucket[buckets[static_cast<std::size_t>(index)].number];
      auto& message = messages[static_cast<std::size_t>(rank)].put(index).put(std::ssize(documents));
      for (const auto* d : documents) {
        message.put(d->hash).put(d->format);
        d->place.put(message);
      }
    }
  }
  const auto in = scatter(comm, messages);
  std::vector<BucketJobs> mine;
  for (Unpacker reader(in); !reader.done();) {
    BucketJobs& bucket = mine.emplace_back();
    bucket.bucket = reader.get<std::int64_t>();
    const auto count = reader.get<std::int64_t>();
    for (std::int64_t i = 0; i < count; ++i) {
      const auto hash = reader.get<Digest>();
      auto format = reader.get<std::string>();
      bucket.jobs.push_back({hash, Place::get(reader), std::move(format)});
    }
  }
  return mine;
}

/// Raw files that a rank holds at a time, so that a bucket of many gigabytes can be read; less where memory
/// is short.
std::int64_t raw_bytes_at_a_time() {
  constexpr std::int64_t most = 64 << 20;
  const auto memory = memory_of_this_rank();
  return memory > 0 ? std::min(most, memory / 16) : most;
}

/// A film need not be fetched to become a row.
bool is_fetched(const Job& job) { return job.place.on_s3() && corpus::is_supported(job.format); }

corpus::ReadJob load_job(const Job& job, std::string bytes, const ObjectCache& cache, Tally& tally) {
  if (!corpus::is_supported(job.format)) return {job.format, ""};
  const auto& place = job.place;
  if (!place.on_s3())
    bytes = place.line > 0 ? read_file_part(place.path, place.offset, place.bytes) : read_file(place.path);
  tally.document_bytes += std::ssize(bytes);
  if (hash_document(job.format, bytes) != job.hash) {
    cache.forget_bytes(job.place);  // or every start would find them
    throw CorpusError(job.place.path, 0,
                      "changed while the sweep was reading it; leave the sources alone and start again");
  }
  return {job.format, std::move(bytes)};
}

/// The first of `jobs`, as many as fit into memory at a time, with their bytes.
std::vector<corpus::ReadJob> load_batch(std::span<const Job> jobs, const ObjectCache& cache, Tally& tally,
                                        const Pulse& pulse) {
  std::size_t count = 0;
  std::vector<Place> objects;
  const auto most_held = raw_bytes_at_a_time();
  for (std::int64_t held = 0; count < jobs.size() && held < most_held; ++count) {
    held += jobs[count].place.bytes;
    if (is_fetched(jobs[count])) objects.push_back(jobs[count].place);
  }
  auto fetched = cache.read(objects, pulse);
  std::vector<corpus::ReadJob> batch;
  std::size_t next = 0;
  for (const auto& job : jobs.first(count))
    batch.push_back(load_job(job, is_fetched(job) ? std::move(fetched[next++]) : "", cache, tally));
  return batch;
}

/// Reads one bucket's documents. Failures go to `failures`; those that may pass are not in the result.
std::vector<parts::ReadDocument> read_bucket(corpus::ReaderPool& pool, const BucketJobs& bucket,
                                             const ObjectCache& cache, Tally& tally,
                                             std::vector<Failure>& failures, const Pulse& pulse) {
  std::vector<parts::ReadDocument> documents;
  for (std::size_t next = 0; next < bucket.jobs.size();) {
    const auto batch = std::span(bucket.jobs).subspan(next);
    const auto jobs = load_batch(batch, cache, tally, pulse);
    const auto results = pool.read(jobs, pulse);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto& [hash, place, format] = batch[i];
      const auto& result = results[i];
      ++tally.documents;
      if (!result.ok()) failures.push_back({hash, result.reason, result.detail, !result.final});
      if (!result.final) continue;
      auto document = result.ok() ? corpus::clean(hash, format, result.pages) : Document{hash, "", {0}};
      documents.push_back({std::move(document), result.reason, result.detail});
    }
    next += jobs.size();
  }
  return documents;
}

/// All failures of all ranks, the same on every rank, sorted by document.
std::vector<Failure> share_failures(comm::Communicator& comm, const std::vector<Failure>& mine) {
  Packer packer;
  for (const auto& f : mine) packer.put(f.hash).put(f.reason).put(f.detail).put(f.passing);
  const auto message = packer.take();
  const auto all = comm.all_gather_v(std::span<const char>(message));
  std::vector<Failure> failures;
  for (Unpacker reader(std::string_view(all.values.data(), all.values.size())); !reader.done();) {
    const auto hash = reader.get<Digest>();
    auto reason = reader.get<std::string>();
    auto detail = reader.get<std::string>();
    failures.push_back({hash, std::move(reason), std::move(detail), reader.get<bool>()});
  }
  std::ranges::sort(failures, {}, &Failure::hash);
  return failures;
}

corpus::ReaderOptions reader_options(const config::Corpus& corpus) {
  return {corpus.readers_per_rank, corpus.documents_per_reader, corpus.reader_cpu_seconds,
          reader_megabytes(corpus, memory_of_this_rank()), corpus.reader_output_mb};
}

/// Index of each bucket that must be read -> the rank that does.
std::map<std::int64_t, int> choose_owners(const Reading& reading, const std::vector<Bucket>& buckets) {
  std::vector<std::int64_t> indices, weights;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (std::ranges::binary_search(reading.sealed, read_key(buckets[i].content))) continue;
    indices.push_back(static_cast<std::int64_t>(i));
    weights.push_back(buckets[i].bytes);
  }
  const auto worker = assign(weights, reading.workers.count);
  std::map<std::int64_t, int> owner;
  for (std::size_t i = 0; i < indices.size(); ++i) owner[indices[i]] = reading.workers.rank(worker[i]);
  return owner;
}

/// Reads and seals this rank's buckets. Returns what failed.
std::vector<Failure> read_buckets(const Reading& reading, const std::vector<BucketJobs>& jobs,
                                  StageScope& scope) {
  reading.fault(Stage::read);
  std::vector<Failure> failures;
  if (jobs.empty()) return failures;
  corpus::ReaderPool pool(corpus::find_reader(), reader_options(reading.corpus));
  for (const auto& bucket : jobs) {
    reading.pulse();
    const auto span = reading.trace.span(Track::work, "documents", bucket.bucket);
    const auto documents = read_bucket(pool, bucket, reading.objects, reading.tally, failures, reading.pulse);
    std::vector<Digest> kept;
    for (const auto& read : documents) kept.push_back(read.document.hash);
    if (!kept.empty()) {
      reading.parts.write(read_key(content_of(kept)),
                          [&](state::H5Writer& file) { parts::save(file, documents); });
    }
    scope.advance();
  }
  return failures;
}

/// Takes documents out that may be read another time, and lists them.
void forget_passing(const std::vector<Failure>& failures, Inputs& inputs, Outcome& outcome) {
  std::map<Digest, const Failure*> passing;
  for (const auto& failure : failures) {
    if (failure.passing) passing[failure.hash] = &failure;
  }
  for (const auto& document : inputs.documents) {
    const auto at = passing.find(document.hash);
    if (at == passing.end()) continue;
    outcome.failed_documents.push_back({document.names.front(), at->second->reason, at->second->detail});
    ++outcome.transient_rows;
  }
  std::erase_if(inputs.documents, [&](const auto& document) { return passing.contains(document.hash); });
}

}  // namespace

std::vector<Bucket> read_documents(const Reading& reading, Inputs& inputs, Outcome& outcome) {
  const auto buckets = make_buckets(reading.comm, inputs, reading.corpus.buckets);
  const auto owner = choose_owners(reading, buckets);
  std::vector<Failure> found;
  {
    StageScope scope(reading.progress, reading.tally, reading.trace, Stage::read, std::ssize(buckets),
                     std::ssize(owner));
    const auto jobs = scatter_jobs(reading.comm, inputs, reading.corpus.buckets, buckets, owner);
    comm::agree(reading.comm, [&] { found = read_buckets(reading, jobs, scope); });
  }
  const auto failures = share_failures(reading.comm, found);
  if (reading.comm.rank() == 0) {
    reading.objects.forget_bytes();
    forget_passing(failures, inputs, outcome);
  }
  return make_buckets(reading.comm, inputs, reading.corpus.buckets);
}

}  // namespace dream::sweep
