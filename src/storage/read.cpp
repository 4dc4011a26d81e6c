#include "storage/read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "base/errors.hpp"
#include "storage/list.hpp"

namespace dream::storage {
namespace {

struct Range {
  std::size_t object = 0;
  std::int64_t begin = 0;
  std::int64_t bytes = 0;
  bool last = false;
};

std::string problem_of(const Reply& reply, const Object& object, const Range& range) {
  if (reply.status == 404) return "is gone since it was listed";
  if (reply.status == 403) return "may not be read with these keys";
  const bool same = reply.ok() && (object.etag.empty() || reply.etag.empty() || reply.etag == object.etag) &&
                    std::ssize(reply.body) == range.bytes;
  return same ? "" : "changed since it was listed; leave the sources alone and start again";
}

Request request_of(const Object& object, std::int64_t begin, std::int64_t bytes) {
  Request request;
  request.bucket = object.bucket;
  request.key = object.key;
  if (bytes < object.bytes) request.headers["range"] = fmt::format("bytes={}-{}", begin, begin + bytes - 1);
  return request;
}

std::string where(const Service& service, const Url& url) {
  return fmt::format("{} (at {})", url.text(), service.settings().endpoint);
}

/// Cuts objects into ranges and puts what comes back into their order again.
class Stream {
 public:
  Stream(std::span<const Object> objects, const Reader& reader, std::int64_t window)
      : objects_(objects), reader_(reader), window_(window) {}

  std::optional<Request> next() {
    if (object_ == objects_.size() || std::ssize(waiting_) >= window_) return std::nullopt;
    const auto& object = objects_[object_];
    const auto length = std::min(range_bytes, object.bytes - at_);
    Range range{object_, at_, length, at_ + length == object.bytes};
    waiting_.push_back({range, std::nullopt});
    auto request = request_of(object, at_, length);
    at_ += length;
    if (range.last) {
      ++object_;
      at_ = 0;
    }
    return request;
  }

  void take(std::size_t index, Reply reply) {
    waiting_[index - first_].second = std::move(reply);
    while (!waiting_.empty() && waiting_.front().second) {
      deliver(waiting_.front().first, *waiting_.front().second);
      waiting_.pop_front();
      ++first_;
    }
  }

 private:
  void deliver(const Range& range, const Reply& reply) {
    if (range.begin == 0) problem_.clear();
    if (!problem_.empty()) {
      // The rest of an object that is no longer wanted.
    } else if (problem_ = problem_of(reply, objects_[range.object], range); problem_.empty()) {
      reader_.block(range.object, reply.body);
    }
    if (range.last) reader_.end(range.object, problem_);
  }

  std::span<const Object> objects_;
  const Reader& reader_;
  std::int64_t window_;
  std::size_t object_ = 0;  ///< whose next range is to be sent
  std::int64_t at_ = 0;
  std::deque<std::pair<Range, std::optional<Reply>>> waiting_;  ///< sent and not delivered, in order
  std::size_t first_ = 0;                                       ///< index of the first of them
  std::string problem_;                                         ///< of the object that is being delivered
};

}  // namespace

void read_objects(Service& service, std::span<const Object> objects, const Reader& reader,
                  const Pulse& pulse) {
  Stream stream(objects, reader, 2 * service.settings().in_flight);
  service.exchange([&] { return stream.next(); },
                   [&](std::size_t index, Reply reply) { stream.take(index, std::move(reply)); }, pulse);
}

Object find_object(Service& service, const Url& url, const Pulse& pulse) {
  auto found = list_below(service, url, pulse);
  std::erase_if(found, [&](const Object& object) { return object.key != url.key; });
  if (found.empty())
    throw CorpusError(where(service, url), 0, "no such object; check the bucket and the key");
  return found.front();
}

std::string read_range(Service& service, const Object& object, std::int64_t begin, std::int64_t bytes,
                       const Pulse& pulse) {
  std::vector<std::string> pieces;
  const auto length_of = [&](std::size_t piece) {
    return std::min(range_bytes, bytes - static_cast<std::int64_t>(piece) * range_bytes);
  };
  const auto next = [&]() -> std::optional<Request> {
    const auto from = std::ssize(pieces) * range_bytes;
    if (from >= bytes) return std::nullopt;
    auto request = request_of(object, begin + from, length_of(pieces.size()));
    pieces.emplace_back();
    return request;
  };
  const auto done = [&](std::size_t index, Reply reply) {
    const auto problem = problem_of(reply, object, {0, 0, length_of(index), false});
    if (!problem.empty()) throw CorpusError(where(service, {object.bucket, object.key}), 0, problem);
    pieces[index] = std::move(reply.body);
  };
  service.exchange(next, done, pulse);
  std::string all;
  for (auto& piece : pieces) all += piece;
  return all;
}

std::string read_object(Service& service, const Url& url, const Pulse& pulse) {
  const std::vector found{find_object(service, url, pulse)};
  std::string bytes;
  Reader reader{[&](std::size_t, std::string_view block) { bytes += block; },
                [&](std::size_t, const std::string& problem) {
                  if (!problem.empty()) throw CorpusError(where(service, url), 0, problem);
                }};
  read_objects(service, found, reader, pulse);
  return bytes;
}

}  // namespace dream::storage
