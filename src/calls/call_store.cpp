#include "calls/call_store.hpp"

#include <algorithm>
#include <map>

#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::calls {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view journals = "journals";
/// Descriptors are few on login nodes; a sweep's calls lie in few segments anyway.
constexpr std::size_t open_segments = 64;

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

/// What the names of a rank's files begin with.
std::string file_stem(std::string_view incarnation, int rank) {
  return std::string(incarnation) + "-" + std::to_string(rank);
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

PlaceIndex sealed_places(const fs::path& folder, const Pulse& pulse) {
  PlaceIndex places(folder / journals, "seal");
  for (const auto& name : list_segments(folder)) {
    for (const auto& place : Segment(folder / name).entries()) places.add(place);
    pulse();
  }
  return places;
}

void remove_file(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  if (error) fail(file, error, "cannot remove");
}

/// Gathers the records of journals and writes them as segments of a limited size, each call once.
class Sealer {
 public:
  Sealer(fs::path folder, PlaceIndex known) : folder_(std::move(folder)), known_(std::move(known)) {}

  void add(CallRecord record) {
    if (known_.find(record.key)) return;
    known_.add({record.key});
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
  static constexpr std::size_t most_bytes = std::size_t{16} << 20;

  fs::path folder_;
  PlaceIndex known_;
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
  for (const auto& left_behind : files_in(folder / journals, ".places")) remove_file(left_behind);
  const auto files = files_in(folder / journals, ".journal");
  if (!files.empty()) {
    Sealer sealer(folder, sealed_places(folder, pulse));
    for (const auto& file : files) {
      const auto dropped_bytes = read_journal(file, [&](CallRecord record) {
        sealer.add(std::move(record));
        pulse();
      });
      if (dropped_bytes > 0) {
        ++sealed.torn_journals;
        log(Level::info, file.string() + ": dropped " + std::to_string(dropped_bytes) +
                             " bytes after the last whole reply");
      }
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
      segments_(segments),
      index_(folder_ / journals, file_stem(incarnation, rank)),
      journal_(folder_ / journals / (file_stem(incarnation, rank) + ".journal")) {
  for (std::uint32_t number = 1; number <= segments_.size(); ++number) {
    for (auto place : Segment(folder_ / segments_[number - 1]).entries()) {
      place.file = number;
      index_.add(place);
      ++sealed_calls_;
    }
  }
}

const Segment& CallStore::open_segment(std::uint32_t number) const {
  const auto found = open_.find(number);
  if (found != open_.end()) return found->second;
  if (open_.size() >= open_segments) open_.clear();
  return open_.emplace(number, Segment(folder_ / segments_[number - 1])).first->second;
}

std::optional<CallRecord> CallStore::find(const Digest& key) const {
  const auto place = index_.find(key);
  if (!place) return std::nullopt;
  return place->file == 0 ? journal_.read(*place) : open_segment(place->file).read(*place);
}

void CallStore::append(const CallRecord& record) { group_.push_back(journal_.append(record)); }

void CallStore::commit() {
  journal_.commit();
  for (const auto& place : group_) index_.add(place);
  group_.clear();
}

}  // namespace dream::calls
