#include "calls/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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
  if (file_ >= 0) ::close(file_);
}

RecordPlace Journal::append(const CallRecord& record) {
  if (open_records_ == 0) group_began_ = std::chrono::steady_clock::now();
  if (committed_bytes_ + group_.size() == 0) group_ = magic;
  const auto begin = group_.size();
  append_record(group_, record);
  ++open_records_;
  return {record.key, committed_bytes_ + begin, group_.size() - begin};
}

std::string Journal::read_bytes(std::uint64_t offset, std::size_t count) const {
  std::string bytes(std::min<std::uint64_t>(count, committed_bytes_ - offset), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got =
        ::pread(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw StateError(path_.string(), "", "cannot read the journal of calls: " + why(path_, errno));
    if (got == 0) bytes.resize(done);  // somebody cut the file
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

CallRecord Journal::read(std::uint64_t offset) const {
  const auto bytes = read_bytes(offset, record_size(read_bytes(offset, record_head_bytes)));
  std::string_view rest = bytes;
  auto record = take_record(rest);
  if (!record)
    throw StateError(path_.string(), "", fmt::format("damaged record of a call at byte {}", offset));
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
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0)
    throw StateError(path_.string(), "", "cannot create the journal of calls: " + why(path_, errno));
  sync_folder(path_.parent_path());
  sync_folder(path_.parent_path().parent_path());
}

void Journal::commit() {
  if (open_records_ == 0) return;
  if (dead_) throw StateError(path_.string(), "", "an earlier write to this journal of calls failed");
  dead_ = true;  // until all of it has succeeded
  if (file_ < 0) create();
  std::string_view rest = group_;
  while (!rest.empty()) {
    const auto put = ::write(file_, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0)
      throw StateError(path_.string(), "", "cannot write the journal of calls: " + why(path_, errno));
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fdatasync(file_) != 0)
    throw StateError(path_.string(), "", "cannot sync the journal of calls: " + why(path_, errno));
  struct stat info {};
  if (::fstat(file_, &info) != 0 || info.st_nlink == 0) {
    throw StateError(path_.string(), "",
                     "this journal of calls was removed; is another job using the state folder?");
  }
  dead_ = false;
  committed_bytes_ += group_.size();
  group_.clear();
  open_records_ = 0;
  ++commits_;
}

JournalContent read_journal(const std::filesystem::path& path) {
  std::string bytes;
  try {
    bytes = read_file(path);
  } catch (const CorpusError& error) {
    const auto place = path.string() + ": ";  // which StateError says again
    throw StateError(path.string(), "", std::string_view(error.what()).substr(place.size()));
  }
  JournalContent content;
  std::string_view rest = bytes;
  if (rest.substr(0, magic.size()) == magic) {
    rest.remove_prefix(magic.size());
    while (auto record = take_record(rest)) content.records.push_back(std::move(*record));
  }
  content.dropped_bytes = static_cast<std::int64_t>(rest.size());
  return content;
}

}  // namespace dream::calls
