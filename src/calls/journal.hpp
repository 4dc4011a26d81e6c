#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "calls/data_file.hpp"
#include "calls/record.hpp"

namespace dream::calls {

/// "DRMJRNL1" and records: the file to which one rank of one incarnation of the job appends finished replies.
/// Records become durable in groups: a caller hands a reply on only after the commit() that follows its
/// append(). The file is made by the first commit, and never opened again by a later incarnation, so that a
/// torn tail is never written over.
class Journal {
 public:
  /// Makes nothing yet. `path` must not exist when the first record is committed.
  explicit Journal(std::filesystem::path path);
  ~Journal();  ///< commits what is open, as far as it can; call commit() to learn of errors
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Adds a record to the open group. The place holds once the group is committed.
  RecordPlace append(const CallRecord& record);

  /// The committed record at a place. Throws StateError when its bytes are damaged.
  [[nodiscard]] CallRecord read(const RecordPlace& place) const;

  /// Whether the open group should be committed now: 64 records, or 50 ms since its first one.
  [[nodiscard]] bool due() const;
  /// When it will be due at the latest; far in the future when nothing is open.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const;
  [[nodiscard]] std::int64_t open_records() const { return open_records_; }

  /// Writes and syncs the open group. Throws StateError naming the file and the system's reason; the journal
  /// is then dead and every later commit throws too, because a record after a torn one would never be found.
  /// Also throws when the file was sealed and removed meanwhile: somebody else uses the folder.
  void commit();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::int64_t commits() const { return commits_; }

 private:
  void create();

  std::filesystem::path path_;
  DataFile file_;
  bool dead_ = false;
  std::string group_;
  std::uint64_t committed_bytes_ = 0;
  std::int64_t open_records_ = 0;
  std::int64_t commits_ = 0;
  std::chrono::steady_clock::time_point group_began_{};
};

/// Visits the whole records of a journal, also of one that is cut off anywhere, in order, up to the first
/// torn or damaged one; holds one at a time. Returns how many bytes follow the last whole record. Throws
/// StateError when the file cannot be read at all.
std::int64_t read_journal(const std::filesystem::path& path, const std::function<void(CallRecord)>& visit);

}  // namespace dream::calls
