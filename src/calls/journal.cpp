#include "calls/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/access.hpp"
#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::calls {
namespace {

constexpr std::string_view magic = "DRMJRNL1";
constexpr std::int64_t group_records = 64;
constexpr std::chrono::milliseconds group_age{50};

}  // namespace

Journal::Journal(std::filesystem::path path) : path_(std::move(path)) {}

Journal::~Journal() {
  try {
    if (!dead_) commit();
  } catch (const Error&) {
    // The replies of the open group were not handed on, so nothing that anybody relies on is lost.
  }
}

RecordPlace Journal::append(const CallRecord& record) {
  if (open_records_ == 0) group_began_ = std::chrono::steady_clock::now();
  if (committed_bytes_ + group_.size() == 0) group_ = magic;
  const auto begin = group_.size();
  append_record(group_, record);
  ++open_records_;
  return {record.key, committed_bytes_ + begin, static_cast<std::uint32_t>(group_.size() - begin)};
}

CallRecord Journal::read(const RecordPlace& place) const {
  const auto bytes = file_.read_at(place.offset, place.bytes);
  std::string_view rest = bytes;
  auto record = take_record(rest);
  if (!record || record->key != place.key)
    throw StateError(path_.string(), "", fmt::format("damaged record of a call at byte {}", place.offset));
  return std::move(*record);
}

std::chrono::steady_clock::time_point Journal::deadline() const {
  return open_records_ == 0 ? std::chrono::steady_clock::time_point::max() : group_began_ + group_age;
}

bool Journal::due() const {
  return open_records_ >= group_records ||
         (open_records_ > 0 && std::chrono::steady_clock::now() >= deadline());
}

void Journal::create() {
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  if (error)
    throw StateError(path_.parent_path().string(), "",
                     "cannot create folder: " + why(path_.parent_path(), error.value()));
  file_ = DataFile(path_, O_RDWR | O_CREAT | O_EXCL | O_APPEND, "create the journal of calls");
  sync_folder(path_.parent_path());
  sync_folder(path_.parent_path().parent_path());
}

void Journal::commit() {
  if (open_records_ == 0) return;
  if (dead_) throw StateError(path_.string(), "", "an earlier write to this journal of calls failed");
  dead_ = true;  // until all of it has succeeded
  if (!file_.is_open()) create();
  file_.write(group_);
  if (::fdatasync(file_.number()) != 0)
    throw StateError(path_.string(), "", "cannot sync the journal of calls: " + why(path_, errno));
  struct stat info {};
  if (::fstat(file_.number(), &info) != 0 || info.st_nlink == 0) {
    throw StateError(path_.string(), "",
                     "this journal of calls was removed; is another job using the state folder?");
  }
  dead_ = false;
  committed_bytes_ += group_.size();
  group_.clear();
  open_records_ = 0;
  ++commits_;
}

std::int64_t read_journal(const std::filesystem::path& path, const std::function<void(CallRecord)>& visit) {
  std::string bytes;  // read and not yet visited
  bool began = false;
  bool ended = false;
  std::int64_t dropped = 0;
  const auto take_records = [&](std::string_view rest) {
    if (!began && rest.size() >= magic.size()) {
      began = true;
      ended = rest.substr(0, magic.size()) != magic;
      if (!ended) rest.remove_prefix(magic.size());
    }
    while (began && !ended && record_size(rest) <= rest.size()) {
      if (auto record = take_record(rest))
        visit(std::move(*record));
      else
        ended = true;
    }
    return rest.size();
  };
  try {
    read_blocks(path, [&](std::string_view block) {
      if (ended) {
        dropped += std::ssize(block);
        return;
      }
      bytes += block;
      bytes.erase(0, bytes.size() - take_records(bytes));
    });
  } catch (const CorpusError& error) {
    const auto place = path.string() + ": ";  // which StateError says again
    throw StateError(path.string(), "", std::string_view(error.what()).substr(place.size()));
  }
  return dropped + std::ssize(bytes);
}

}  // namespace dream::calls
