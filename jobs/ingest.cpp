#include "jobs/ingest.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "storage/put.hpp"
#include "storage/web.hpp"

namespace dream::jobs {
namespace {

namespace fs = std::filesystem;

/// A folder for what comes from the web, gone at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(fs::temp_directory_path() / fmt::format("dream_ingest-{}", ::getpid())) {
    fs::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] fs::path file(std::size_t number) const { return path_ / std::to_string(number); }

 private:
  fs::path path_;
};

class Ingest {
 public:
  Ingest(storage::Service& s3, const Share& share, std::string bucket, const Pulse& pulse)
      : s3_(s3), share_(share), bucket_(std::move(bucket)), pulse_(pulse) {}

  std::vector<Done> run() {
    std::vector<Item> web;
    for (const auto& item : share_.items) {
      if (item.is_web())
        web.push_back(item);
      else
        consider(item, item.source, item.bytes);
      if (std::ssize(uploads_) == batch) put_uploads();
    }
    put_uploads();
    for (std::size_t begin = 0; begin < web.size(); begin += batch)
      bring(std::span(web).subspan(begin, std::min<std::size_t>(batch, web.size() - begin)));
    return std::move(done_);
  }

 private:
  static constexpr std::int64_t batch = 64;

  /// Puts the file on the list unless S3 holds these bytes.
  void consider(const Item& item, const fs::path& file, std::int64_t bytes) {
    pulse_();
    Done done;
    try {
      done.object = {item.key, bytes, storage::etag_of_file(file, bytes, pulse_), "", item.source};
    } catch (const CorpusError& e) {
      done.problem = e.what();
      done_.push_back(std::move(done));
      return;
    }
    const auto at = share_.there.objects.find(item.key);
    const bool same = at != share_.there.objects.end() &&
                      storage::is_unchanged(at->second, bytes, done.object.sum, share_.there.manifest);
    done.what = same ? Done::What::unchanged : Done::What::put;
    if (same) done.object.etag = at->second.etag;
    if (!same) {
      uploads_.push_back({file, bytes, {bucket_, item.key}});
      put_.push_back(done_.size());
    }
    done_.push_back(std::move(done));
  }

  void put_uploads() {
    storage::put_files(
        s3_, uploads_,
        [&](std::size_t upload, const std::string& etag) { done_[put_[upload]].object.etag = etag; }, pulse_);
    uploads_.clear();
    put_.clear();
  }

  void bring(std::span<const Item> items) {
    const TemporaryFolder folder;
    std::vector<std::string> addresses;
    for (const auto& item : items) addresses.push_back(item.source);
    storage::WebOptions options;
    options.in_flight = s3_.settings().in_flight;
    storage::fetch_web(
        addresses, options,
        [&](std::size_t index, const std::string& bytes, const std::string& problem) {
          if (problem.empty()) {
            write_file(folder.file(index), bytes);
            consider(items[index], folder.file(index), std::ssize(bytes));
          } else {
            Done failed;
            failed.problem = items[index].source + ": " + problem;
            done_.push_back(std::move(failed));
          }
        },
        pulse_);
    put_uploads();
  }

  storage::Service& s3_;
  const Share& share_;
  std::string bucket_;
  const Pulse& pulse_;
  std::vector<Done> done_;
  std::vector<storage::Upload> uploads_;
  std::vector<std::size_t> put_;  ///< of each upload its place in done_
};

}  // namespace

std::vector<Done> ingest(storage::Service& s3, const Share& share, const std::string& bucket,
                         const Pulse& pulse) {
  return Ingest(s3, share, bucket, pulse).run();
}

}  // namespace dream::jobs
