#include "storage/put.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "storage/checksum.hpp"
#include "storage/list.hpp"
#include "storage/xml.hpp"

namespace dream::storage {
namespace {

constexpr std::int64_t most_parts = 10'000;

/// `length` bytes of a file from `begin`, all of them.
std::string read_range(const std::filesystem::path& path, std::int64_t begin, std::int64_t length) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw CorpusError(path.string(), 0, std::string("cannot open: ") + std::strerror(errno));
  std::string bytes(static_cast<std::size_t>(length), '\0');
  std::int64_t got = 0;
  for (;;) {
    const auto n = ::pread(fd, bytes.data() + got, static_cast<std::size_t>(length - got), begin + got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += n;
  }
  ::close(fd);
  if (got != length) throw CorpusError(path.string(), 0, "changed while it was being put; start again");
  return bytes;
}

Request put_request(const Url& to, std::string bytes) {
  Request request;
  request.method = "PUT";
  request.bucket = to.bucket;
  request.key = to.key;
  request.headers["content-type"] = content_type_of(to.key);
  request.body = std::move(bytes);
  return request;
}

/// Where a put ends: refused for this key alone, or the ETag.
std::string etag_of(const Service& service, const Url& to, const Reply& reply) {
  if (reply.ok()) return reply.etag;
  throw EndpointError(fmt::format("{} (at {})", to.text(), service.settings().endpoint), reply.status, 1,
                      reply.code + ": the object may not be put with these keys");
}

class MultipartUpload {
 public:
  MultipartUpload(Service& service, const Upload& upload, const Pulse& pulse)
      : service_(service), upload_(upload), pulse_(pulse), part_(part_bytes_of(upload.bytes)) {}

  std::string run() {
    auto begin = request("POST", {{"uploads", ""}});
    begin.headers["content-type"] = content_type_of(upload_.to.key);
    const auto reply = service_.call(begin, pulse_);
    (void)etag_of(service_, upload_.to, reply);
    id_ = parse_upload_id(reply.body);
    if (id_.empty()) {
      throw EndpointError(upload_.to.text(), reply.status, 1, "the service began no upload in parts");
    }
    try {
      put_parts();
      return finish();
    } catch (...) {
      abort();
      throw;
    }
  }

 private:
  [[nodiscard]] Request request(std::string method, std::map<std::string, std::string> query) const {
    Request request;
    request.method = std::move(method);
    request.bucket = upload_.to.bucket;
    request.key = upload_.to.key;
    request.query = std::move(query);
    return request;
  }

  void put_parts() {
    const auto count = (upload_.bytes + part_ - 1) / part_;
    etags_.resize(static_cast<std::size_t>(count));
    std::int64_t next = 0;
    service_.exchange(
        [&]() -> std::optional<Request> {
          if (next == count) return std::nullopt;
          const auto begin = next * part_;
          ++next;
          auto part = request("PUT", {{"partNumber", std::to_string(next)}, {"uploadId", id_}});
          part.body = read_range(upload_.file, begin, std::min(part_, upload_.bytes - begin));
          return part;
        },
        [&](std::size_t index, const Reply& reply) { etags_[index] = etag_of(service_, upload_.to, reply); },
        pulse_);
  }

  std::string finish() {
    auto end = request("POST", {{"uploadId", id_}});
    end.headers["content-type"] = "application/xml";
    end.body = parts_xml(etags_);
    const auto reply = service_.call(end, pulse_);
    if (reply.code == "NoSuchUpload") {
      if (auto etag = found(); !etag.empty()) return etag;
    }
    (void)etag_of(service_, upload_.to, reply);
    return parse_etag(reply.body);
  }

  /// When the reply to the end of an upload was lost, the second request finds no upload any more, but the
  /// object. Its ETag, or "".
  std::string found() {
    const auto parts = fmt::format("-{}", etags_.size());
    for (const auto& object : list_prefix(service_, upload_.to, pulse_)) {
      if (object.key == upload_.to.key && object.bytes == upload_.bytes && object.etag.ends_with(parts))
        return object.etag;
    }
    return "";
  }

  /// Also when the run is being stopped, so without its pulse; the first failure is the one to tell.
  void abort() {
    auto request = this->request("DELETE", {{"uploadId", id_}});
    request.attempts = 3;
    try {
      (void)service_.call(request, no_pulse());
    } catch (const Error&) {
    }
  }

  Service& service_;
  const Upload& upload_;
  const Pulse& pulse_;
  std::int64_t part_;
  std::string id_;
  std::vector<std::string> etags_;
};

}  // namespace

std::int64_t part_bytes_of(std::int64_t bytes) {
  // Whole MiB, so that the same file has the same parts tomorrow.
  const auto needed = ((bytes + most_parts - 1) / most_parts + (1 << 20) - 1) >> 20 << 20;
  return std::max(part_bytes, needed);
}

void put_files(Service& service, std::span<const Upload> uploads,
               const std::function<void(std::size_t upload, const std::string& etag)>& done,
               const Pulse& pulse) {
  std::vector<std::size_t> small;
  for (std::size_t i = 0; i < uploads.size(); ++i) {
    if (uploads[i].bytes <= part_bytes)
      small.push_back(i);
    else
      done(i, MultipartUpload(service, uploads[i], pulse).run());
  }
  std::size_t next = 0;
  service.exchange(
      [&]() -> std::optional<Request> {
        if (next == small.size()) return std::nullopt;
        const auto& upload = uploads[small[next++]];
        return put_request(upload.to, read_range(upload.file, 0, upload.bytes));
      },
      [&](std::size_t index, const Reply& reply) {
        const auto upload = small[index];
        done(upload, etag_of(service, uploads[upload].to, reply));
      },
      pulse);
}

std::string put_bytes(Service& service, const Url& to, std::string bytes, const Pulse& pulse) {
  return etag_of(service, to, service.call(put_request(to, std::move(bytes)), pulse));
}

void remove_object(Service& service, const Url& url, const Pulse& pulse) {
  Request request;
  request.method = "DELETE";
  request.bucket = url.bucket;
  request.key = url.key;
  const auto reply = service.call(request, pulse);
  if (reply.status != 404) (void)etag_of(service, url, reply);
}

std::string etag_of_file(const std::filesystem::path& file, std::int64_t bytes, const Pulse& pulse) {
  const auto part = bytes <= part_bytes ? std::max<std::int64_t>(bytes, 1) : part_bytes_of(bytes);
  std::vector<std::string> sums;
  std::optional<Md5> sum;
  std::int64_t left = 0;
  read_blocks(file, [&](std::string_view block) {
    pulse();
    while (!block.empty()) {
      if (left == 0) {
        if (sum) sums.push_back(sum->finish());
        sum.emplace();
        left = part;
      }
      const auto length = std::min<std::size_t>(block.size(), static_cast<std::size_t>(left));
      sum->add(block.substr(0, length));
      left -= static_cast<std::int64_t>(length);
      block.remove_prefix(length);
    }
  });
  if (!sum) sum.emplace();
  sums.push_back(sum->finish());
  if (bytes <= part_bytes && sums.size() == 1) return hex(sums.front());
  Md5 all;
  for (const auto& one : sums) all.add(one);
  return fmt::format("{}-{}", hex(all.finish()), sums.size());
}

std::string content_type_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> known{
      {{".pdf", "application/pdf"},
       {".html", "text/html; charset=utf-8"},
       {".csv", "text/csv; charset=utf-8"},
       {".json", "application/json"},
       {".md", "text/markdown; charset=utf-8"},
       {".txt", "text/plain; charset=utf-8"},
       {".log", "text/plain; charset=utf-8"},
       {".toml", "application/toml"},
       {".h5", "application/x-hdf5"}}};
  for (const auto& [end, type] : known) {
    if (name.ends_with(end)) return std::string(type);
  }
  return "application/octet-stream";
}

}  // namespace dream::storage
