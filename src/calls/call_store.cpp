#include "calls/call_store.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::calls {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view journals = "journals";
/// Descriptors are few on login nodes; a sweep's calls lie in few segments anyway.
constexpr std::size_t open_segments = 32;

bool plain_name(std::string_view name) {
  if (name.empty() || name.front() == '.' || name == journals || name.size() > 100) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

/// A folder for a model. Names with slashes and the like get a digest, so that two of them cannot share a
/// folder.
std::string folder_of(const std::string& model) {
  if (plain_name(model)) return model;
  std::string name;
  for (const char c : model.substr(0, 60)) name += plain_name({&c, 1}) ? c : '_';
  return name + "-" + digest_of(model).hex().substr(0, 8);
}

[[noreturn]] void fail(const fs::path& path, const std::error_code& error, const char* what) {
  throw StateError(path.string(), "", std::string(what) + ": " + error.message());
}

/// Files of `folder` with that ending, sorted; none when the folder is absent.
std::vector<fs::path> files_in(const fs::path& folder, std::string_view ending) {
  std::vector<fs::path> files;
  std::error_code error;
  if (!fs::exists(folder, error)) return files;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().extension() == ending) files.push_back(at->path());
  }
  if (error) fail(folder, error, "cannot list folder");
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> list_segments(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  if (!fs::exists(folder, error)) return names;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (!at->is_directory() || at->path().filename() == journals) continue;
    for (const auto& file : files_in(at->path(), ".seg"))
      names.push_back(fs::relative(file, folder).string());
  }
  if (error) fail(folder, error, "cannot list folder");
  std::sort(names.begin(), names.end());
  return names;
}

std::unordered_set<Digest> sealed_keys(const fs::path& folder, const Pulse& pulse) {
  std::unordered_set<Digest> keys;
  for (const auto& name : list_segments(folder)) {
    for (const auto& place : Segment(folder / name).entries()) keys.insert(place.key);
    pulse();
  }
  return keys;
}

void remove_file(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  if (error) fail(file, error, "cannot remove the sealed journal");
}

/// Gathers the records of journals and writes them as segments of a limited size, each call once.
class Sealer {
 public:
  Sealer(fs::path folder, std::unordered_set<Digest> known)
      : folder_(std::move(folder)), known_(std::move(known)) {}

  void add(CallRecord record) {
    if (!known_.insert(record.key).second) return;
    ++calls_;
    bytes_ += record.body.size();
    by_model_[folder_of(record.model)].push_back(std::move(record));
    if (bytes_ > most_bytes) flush();
  }

  void flush() {
    for (const auto& [name, records] : by_model_) {
      const auto path = write_segment(folder_ / name, records);
      // A journal goes only when its replies can be read from where they went.
      DREAM_CHECK(Segment(path).entries().size() == records.size(), path.string());
    }
    by_model_.clear();
    bytes_ = 0;
  }

  [[nodiscard]] std::int64_t calls() const { return calls_; }

 private:
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;

  fs::path folder_;
  std::unordered_set<Digest> known_;
  std::map<std::string, std::vector<CallRecord>> by_model_;
  std::size_t bytes_ = 0;
  std::int64_t calls_ = 0;
};

}  // namespace

Digest call_key(std::string_view model, std::string_view revision, std::string_view canonical_body,
                std::int64_t sample) {
  return Hasher("call").add(model).add(revision).add(canonical_body).add(sample).finish();
}

Sealed seal(const fs::path& folder, const Log& log, const Pulse& pulse) {
  Sealed sealed;
  const auto files = files_in(folder / journals, ".journal");
  if (!files.empty()) {
    Sealer sealer(folder, sealed_keys(folder, pulse));
    for (const auto& file : files) {
      auto content = read_journal(file);
      if (content.dropped_bytes > 0) {
        ++sealed.torn_journals;
        log(Level::info, file.string() + ": dropped " + std::to_string(content.dropped_bytes) +
                             " bytes after the last whole reply");
      }
      for (auto& record : content.records) sealer.add(std::move(record));
      pulse();
    }
    sealer.flush();
    sealed.new_calls = sealer.calls();
    for (const auto& file : files) remove_file(file);
    sync_folder(folder / journals);
  }
  sealed.segments = list_segments(folder);
  return sealed;
}

CallStore::CallStore(fs::path folder, const std::vector<std::string>& segments, std::string_view incarnation,
                     int rank)
    : folder_(std::move(folder)),
      names_(segments),
      journal_(folder_ / journals / (std::string(incarnation) + "-" + std::to_string(rank) + ".journal")) {
  for (std::uint32_t i = 0; i < names_.size(); ++i) {
    for (const auto& place : Segment(folder_ / names_[i]).entries()) sealed_.push_back({place, i});
  }
  std::sort(sealed_.begin(), sealed_.end(), [](const auto& a, const auto& b) { return a.at.key < b.at.key; });
}

const Segment& CallStore::open_segment(std::uint32_t index) const {
  const auto found = open_.find(index);
  if (found != open_.end()) return found->second;
  if (open_.size() >= open_segments) open_.clear();
  return open_.emplace(index, Segment(folder_ / names_[index])).first->second;
}

std::optional<CallRecord> CallStore::find(const Digest& key) const {
  std::optional<CallRecord> own;
  own_.find(key, [&](std::uint64_t offset) {
    auto record = journal_.read(offset);
    if (record.key == key) own = std::move(record);
    return own.has_value();
  });
  if (own) return own;
  const auto place = std::lower_bound(sealed_.begin(), sealed_.end(), key,
                                      [](const Place& p, const Digest& k) { return p.at.key < k; });
  if (place == sealed_.end() || place->at.key != key) return std::nullopt;
  return open_segment(place->segment).read(place->at);
}

void CallStore::append(const CallRecord& record) { group_.push_back(journal_.append(record)); }

void CallStore::commit() {
  journal_.commit();
  for (const auto& place : group_) own_.add(place.key, place.offset);
  group_.clear();
}

}  // namespace dream::calls
