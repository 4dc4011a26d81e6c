#include "calls/record.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/errors.hpp"

namespace dream::calls {
namespace {

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

constexpr std::size_t head_bytes = 8;            // size and checksum
constexpr std::size_t fixed_bytes = 16 + 4 + 4;  // key, status, size of the model's name

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}

template <class T>
void put(std::string& out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.append(raw, sizeof(T));
}

template <class T>
T get(std::string_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  static constexpr auto table = make_table();
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char c : bytes) value = (value >> 8) ^ table[(value ^ static_cast<unsigned char>(c)) & 0xFFU];
  return value ^ 0xFFFFFFFFU;
}

void append_record(std::string& out, const CallRecord& record) {
  const auto size = fixed_bytes + record.model.size() + record.body.size();
  DREAM_CHECK(size < UINT32_MAX - head_bytes, "a reply of more than 4 GiB");
  const auto head = out.size();
  put(out, static_cast<std::uint32_t>(size));
  put(out, std::uint32_t{0});
  const auto begin = out.size();
  out.append(reinterpret_cast<const char*>(record.key.bytes.data()), record.key.bytes.size());
  put(out, record.status);
  put(out, static_cast<std::uint32_t>(record.model.size()));
  out += record.model;
  out += record.body;
  const auto sum = crc32(std::string_view(out).substr(begin));
  std::memcpy(out.data() + head + 4, &sum, sizeof sum);
}

std::size_t record_size(std::string_view bytes) {
  return head_bytes + (bytes.size() < head_bytes ? 0 : get<std::uint32_t>(bytes, 0));
}

std::optional<CallRecord> take_record(std::string_view& bytes) {
  if (bytes.size() < head_bytes) return std::nullopt;
  const auto size = get<std::uint32_t>(bytes, 0);
  if (size < fixed_bytes || bytes.size() - head_bytes < size) return std::nullopt;
  const auto payload = bytes.substr(head_bytes, size);
  if (crc32(payload) != get<std::uint32_t>(bytes, 4)) return std::nullopt;
  const auto model_size = get<std::uint32_t>(payload, 20);
  if (model_size > size - fixed_bytes) return std::nullopt;
  CallRecord record;
  std::copy_n(payload.data(), 16, reinterpret_cast<char*>(record.key.bytes.data()));
  record.status = get<std::int32_t>(payload, 16);
  record.model = payload.substr(fixed_bytes, model_size);
  record.body = payload.substr(fixed_bytes + model_size);
  bytes.remove_prefix(head_bytes + size);
  return record;
}

}  // namespace dream::calls
