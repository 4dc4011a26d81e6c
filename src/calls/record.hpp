#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"

/// How one call lies in a file: u32 size of the payload, u32 CRC-32 of the payload, payload. Little-endian;
/// the payload is u8[16] key, i32 status, u32 size of the model's name, name, body. Journals and segments use
/// the same records.
namespace dream::calls {

/// The reply to one call, as the endpoint sent it.
struct CallRecord {
  Digest key;
  std::string model;  ///< as the endpoint calls it
  std::int32_t status = 0;
  std::string body;
  bool operator==(const CallRecord&) const = default;
};

/// Where a call's record lies.
struct RecordPlace {
  Digest key;
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;
  std::uint32_t file = 0;  ///< for whoever has several: as they number them
  bool operator==(const RecordPlace&) const = default;
};

/// CRC-32 as of zlib and PNG (reflected, polynomial 0x04C11DB7).
[[nodiscard]] std::uint32_t crc32(std::string_view bytes);

/// Appends a record to `out`.
void append_record(std::string& out, const CallRecord& record);

/// The bytes of the record, its head included, that `bytes` begin with, whether they hold all of it or not;
/// the size of a head when they hold less than that.
[[nodiscard]] std::size_t record_size(std::string_view bytes);

/// Takes the first record off `bytes`. Empty, with `bytes` untouched, when they do not begin with a whole and
/// valid one.
[[nodiscard]] std::optional<CallRecord> take_record(std::string_view& bytes);

}  // namespace dream::calls
