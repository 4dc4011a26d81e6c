#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "calls/data_file.hpp"
#include "calls/record.hpp"

/// A segment is an immutable file of replies of one model, sorted by key:
///   "DRMCALL1", records, index, u64 offset of the index, u64 number of calls, u32 CRC-32 of the index,
///   "DRMCEND1"
/// each index entry being u8[16] key, u64 offset, u64 bytes of the record. Equal calls give equal bytes.
namespace dream::calls {

/// Writes `records` (any order, no key twice, not empty) as a segment into `folder`, which is made when it is
/// absent. The name is the digest of the content, so writing the same calls again changes nothing. Durable on
/// return. Returns the file. Throws StateError.
std::filesystem::path write_segment(const std::filesystem::path& folder, std::span<const CallRecord> records);

/// A segment open for reading; safe to read from several processes. Holds a file descriptor, no bodies.
class Segment {
 public:
  /// Throws StateError when the file is no whole segment.
  explicit Segment(std::filesystem::path path);

  /// Where the records lie, sorted by key; read from the file at each call.
  [[nodiscard]] std::vector<RecordPlace> entries() const;

  /// The record at a place. Throws StateError when its bytes are damaged.
  [[nodiscard]] CallRecord read(const RecordPlace& place) const;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  [[nodiscard]] std::string read_bytes(std::uint64_t offset, std::uint64_t bytes) const;
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path path_;
  DataFile file_;
  std::uint64_t size_ = 0;
};

}  // namespace dream::calls
