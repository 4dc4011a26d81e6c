#include "calls/segment.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::calls {
namespace {

constexpr std::string_view head_magic = "DRMCALL1";
constexpr std::string_view end_magic = "DRMCEND1";

struct Footer {
  std::uint64_t index_offset = 0;
  std::uint64_t count = 0;
  std::uint32_t index_crc = 0;
};
constexpr std::size_t footer_bytes = 8 + 8 + 4 + 8;
constexpr std::size_t entry_bytes = 16 + 8 + 8;

void put(std::string& out, const void* data, std::size_t size) {
  out.append(static_cast<const char*>(data), size);
}

std::string encode(std::span<const CallRecord> records) {
  std::vector<std::size_t> order(records.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return records[a].key < records[b].key; });
  std::string out;
  std::string index;
  // About what it will be: growing by doubling would take twice that.
  std::size_t bytes_in_all = head_magic.size() + footer_bytes;
  for (const auto& record : records)
    bytes_in_all += 2 * entry_bytes + record.model.size() + record.body.size();
  out.reserve(bytes_in_all);
  out += head_magic;
  for (const auto i : order) {
    const std::uint64_t offset = out.size();
    append_record(out, records[i]);
    const std::uint64_t bytes = out.size() - offset;
    put(index, records[i].key.bytes.data(), 16);
    put(index, &offset, 8);
    put(index, &bytes, 8);
  }
  const Footer footer{out.size(), records.size(), crc32(index)};
  out += index;
  put(out, &footer.index_offset, 8);
  put(out, &footer.count, 8);
  put(out, &footer.index_crc, 4);
  out += end_magic;
  return out;
}

}  // namespace

std::filesystem::path write_segment(const std::filesystem::path& folder,
                                    std::span<const CallRecord> records) {
  DREAM_CHECK(!records.empty(), "a segment without calls");
  const auto bytes = encode(records);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw StateError(folder.string(), "", "cannot create folder: " + error.message());
  const auto path = folder / (digest_of(bytes).hex() + ".seg");
  write_file(path, bytes);
  sync_folder(folder.parent_path());
  return path;
}

Segment::Segment(std::filesystem::path path)
    : path_(std::move(path)), file_(path_, O_RDONLY, "open a segment of calls") {
  struct stat info {};
  if (::fstat(file_.number(), &info) != 0) fail(std::string("cannot stat: ") + std::strerror(errno));
  size_ = static_cast<std::uint64_t>(info.st_size);
}

void Segment::fail(const std::string& what) const {
  throw StateError(path_.string(), "", what + "; move the file away, and its calls are asked for again");
}

std::string Segment::read_bytes(std::uint64_t offset, std::uint64_t bytes) const {
  if (offset > size_ || bytes > size_ - offset) fail("the file is shorter than it says");
  auto out = file_.read_at(offset, bytes);
  if (out.size() < bytes) fail("the file ends too early");
  return out;
}

std::vector<RecordPlace> Segment::entries() const {
  if (size_ < head_magic.size() + footer_bytes) fail("no segment of calls: too short");
  if (read_bytes(0, head_magic.size()) != head_magic) fail("no segment of calls");
  const auto end = read_bytes(size_ - footer_bytes, footer_bytes);
  if (end.substr(footer_bytes - end_magic.size()) != end_magic) fail("a segment of calls without its end");
  Footer footer;
  std::memcpy(&footer.index_offset, end.data(), 8);
  std::memcpy(&footer.count, end.data() + 8, 8);
  std::memcpy(&footer.index_crc, end.data() + 16, 4);
  if (footer.count > size_ / entry_bytes) fail("damaged index");
  const auto index = read_bytes(footer.index_offset, footer.count * entry_bytes);
  if (crc32(index) != footer.index_crc) fail("damaged index");
  std::vector<RecordPlace> all(footer.count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const char* at = index.data() + i * entry_bytes;
    std::memcpy(all[i].key.bytes.data(), at, 16);
    std::memcpy(&all[i].offset, at + 16, 8);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at + 24, 8);
    if (bytes > UINT32_MAX) fail("damaged index");
    all[i].bytes = static_cast<std::uint32_t>(bytes);
  }
  return all;
}

CallRecord Segment::read(const RecordPlace& place) const {
  const auto bytes = read_bytes(place.offset, place.bytes);
  std::string_view rest = bytes;
  auto record = take_record(rest);
  if (!record || !rest.empty() || record->key != place.key) fail("damaged record of call " + place.key.hex());
  return std::move(*record);
}

}  // namespace dream::calls
