#include "sweep/inputs/objects.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/file.hpp"
#include "base/host.hpp"
#include "corpus/reader_pool.hpp"
#include "corpus/sources.hpp"
#include "storage/list.hpp"
#include "storage/read.hpp"
#include "storage/url.hpp"
#include "sweep/inputs/document_hash.hpp"

namespace dream::sweep {
namespace {

namespace fs = std::filesystem;

storage::Object object_at(const Place& place) {
  const auto url = storage::parse_url(place.path);
  return {url.bucket, url.key, place.bytes, place.etag, place.modified};
}

/// As in folders: ".git/config" and "a/.hidden" are nobody's documents.
bool is_hidden(std::string_view name) {
  return name.starts_with('.') || name.find("/.") != std::string_view::npos;
}

std::string name_below(const storage::Url& source, const std::string& key) {
  if (key == source.key) return key.substr(key.find_last_of('/') + 1);
  auto name = key.substr(source.key.size());
  return name.starts_with('/') ? name.substr(1) : name;
}

/// Without an ending it may be a PDF; only its bytes tell.
bool may_be_document(const std::string& name) {
  const auto format = corpus::format_of(name, "");
  return format == "none" || corpus::is_supported(format);
}

/// A file that appears whole or not at all; without a sync, since it can be fetched again.
class KeptFile {
 public:
  explicit KeptFile(fs::path path)
      : path_(std::move(path)),
        beside_(path_.string() + fmt::format(".{}-{}", host_name(), ::getpid())),
        out_(beside_, std::ios::binary) {}
  ~KeptFile() {
    std::error_code ignored;
    if (!done_) fs::remove(beside_, ignored);
  }
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;

  void add(std::string_view block) { out_.write(block.data(), std::ssize(block)); }

  /// A full disk costs a second fetch, no more.
  void finish() {
    out_.close();
    std::error_code error;
    if (out_) {
      sync_file(beside_);
      fs::rename(beside_, path_, error);
    }
    done_ = out_ && !error;
  }

 private:
  fs::path path_;
  fs::path beside_;
  std::ofstream out_;
  bool done_ = false;
};

}  // namespace

bool Place::on_s3() const { return storage::is_url(path); }

void Place::put(Packer& packer) const {
  packer.put(path).put(bytes).put(etag).put(modified).put(line).put(offset);
}

Place Place::get(Unpacker& reader) {
  Place place;
  place.path = reader.get<std::string>();
  place.bytes = reader.get<std::int64_t>();
  place.etag = reader.get<std::string>();
  place.modified = reader.get<std::string>();
  place.line = reader.get<std::int64_t>();
  place.offset = reader.get<std::int64_t>();
  return place;
}

std::vector<Listed> list_objects(storage::Service& service, const std::string& source, const Pulse& pulse) {
  const auto url = storage::parse_url(source);
  std::vector<Listed> listed;
  for (const auto& object : storage::list_below(service, url, pulse)) {
    auto name = name_below(url, object.key);
    if (name.empty() || object.key.ends_with('/') || is_hidden(name)) continue;
    listed.push_back(
        {{storage::Url{object.bucket, object.key}.text(), object.bytes, object.etag, object.modified},
         std::move(name)});
  }
  const auto where = fmt::format("{} (at {})", url.text(), service.settings().endpoint);
  if (listed.empty())
    throw CorpusError(where, 0, "no objects here; check bucket and prefix in corpus.sources");
  if (std::ranges::none_of(listed, [](const Listed& one) { return may_be_document(one.name); })) {
    throw CorpusError(where, 0,
                      fmt::format("none of the {} objects is a document, the first is {}; wanted are PDF, "
                                  "Markdown and plain text: check the prefix in corpus.sources",
                                  listed.size(), listed.front().name));
  }
  return listed;
}

ObjectCache::ObjectCache(const std::string& state, storage::Service* service)
    : folder_(fs::path(state) / "objects"), service_(service) {}

Digest ObjectCache::id(const Place& place) const {
  return Hasher("object")
      .add(service_->settings().endpoint)
      .add(place.path)
      .add(place.bytes)
      .add(place.etag)
      .add(place.modified)
      .finish();
}

std::map<Digest, Known> ObjectCache::load_known() const {
  std::map<Digest, Known> known;
  std::ifstream file(folder_ / "known");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, hash, format, end;
    const bool whole = static_cast<bool>(words >> id >> hash >> format) && !(words >> end);
    if (whole && id.size() == 32 && hash.size() == 32)
      known[parse_digest(id)] = {parse_digest(hash), storage::percent_decode(format)};
  }
  return known;
}

void ObjectCache::save_known(const std::map<Digest, Known>& known) const {
  std::string text;
  for (const auto& [id, one] : known)
    text += fmt::format("{} {} {}\n", id.hex(), one.hash.hex(), storage::percent_encode(one.format));
  std::error_code error;
  fs::create_directories(folder_, error);
  write_file(folder_ / "known", text);
}

void ObjectCache::hash(std::span<const Wanted> wanted, const Found& found, const Pulse& pulse) const {
  if (wanted.empty()) return;
  std::error_code ignored;
  if (std::ranges::any_of(wanted, &Wanted::keep)) fs::create_directories(folder_ / "bytes", ignored);
  std::vector<storage::Object> missing;
  std::vector<std::size_t> index;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& place = wanted[i].place;
    if (!is_kept(place)) {
      missing.push_back(object_at(place));
      index.push_back(i);
      continue;
    }
    DocumentHasher hasher(place.path);
    read_blocks(kept(place), [&](std::string_view block) {
      pulse();
      hasher.add(block);
    });
    const auto [format, hash] = hasher.finish();
    found(i, {hash, format}, "");
  }
  std::optional<DocumentHasher> hasher;
  std::optional<KeptFile> file;
  const auto open = [&](std::size_t object) {
    if (hasher) return;
    const auto& one = wanted[index[object]];
    hasher.emplace(one.place.path);
    if (one.keep) file.emplace(kept(one.place));
  };
  const storage::Reader reader{[&](std::size_t object, std::string_view block) {
                                 open(object);
                                 if (!block.empty()) hasher->add(block);
                                 if (file) file->add(block);
                               },
                               [&](std::size_t object, const std::string& problem) {
                                 open(object);
                                 const auto [format, hash] = hasher->finish();
                                 if (file && problem.empty()) file->finish();
                                 hasher.reset();
                                 file.reset();
                                 found(index[object], {hash, format}, problem);
                               }};
  storage::read_objects(*service_, missing, reader, pulse);
}

std::vector<std::string> ObjectCache::read(std::span<const Place> places, const Pulse& pulse) const {
  std::vector<std::string> bytes(places.size());
  std::vector<storage::Object> missing;
  std::vector<std::size_t> index;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (is_kept(places[i])) {
      bytes[i] = read_file(kept(places[i]));
    } else {
      missing.push_back(object_at(places[i]));
      index.push_back(i);
    }
  }
  if (missing.empty()) return bytes;
  const storage::Reader reader{
      [&](std::size_t object, std::string_view block) { bytes[index[object]] += block; },
      [&](std::size_t object, const std::string& problem) {
        if (!problem.empty()) throw CorpusError(places[index[object]].path, 0, problem);
      }};
  storage::read_objects(*service_, missing, reader, pulse);
  return bytes;
}

void ObjectCache::forget_bytes(const Place& place) const {
  std::error_code ignored;
  fs::remove(kept(place), ignored);
}

void ObjectCache::forget_bytes() const {
  std::error_code ignored;
  fs::remove_all(folder_ / "bytes", ignored);
}

fs::path ObjectCache::kept(const Place& place) const { return folder_ / "bytes" / id(place).hex(); }

bool ObjectCache::is_kept(const Place& place) const {
  std::error_code error;
  const auto size = fs::file_size(kept(place), error);
  return !error && static_cast<std::int64_t>(size) == place.bytes;
}

}  // namespace dream::sweep
