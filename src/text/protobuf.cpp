#include "text/protobuf.hpp"

namespace dream::text {

std::optional<std::uint64_t> ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = take(1);
    if (!byte) return std::nullopt;
    const auto bits = static_cast<unsigned char>(byte->front());
    value |= std::uint64_t{bits & 0x7FU} << shift;
    if (bits < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> ProtobufReader::take(std::uint64_t bytes) {
  if (bytes > rest_.size()) return std::nullopt;
  const auto taken = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return taken;
}

std::optional<ProtobufReader::Field> ProtobufReader::next() {
  if (rest_.empty() || broken_) return std::nullopt;
  broken_ = true;  // until the field is whole
  const auto key = varint();
  if (!key) return std::nullopt;
  Field field{*key >> 3, 0, {}};
  const auto kind = *key & 7U;
  if (kind == 0) {
    const auto value = varint();
    if (!value) return std::nullopt;
    field.value = *value;
  } else if (kind == 1 || kind == 5) {
    const auto bytes = take(kind == 1 ? 8 : 4);
    if (!bytes) return std::nullopt;
    for (std::size_t i = 0; i < bytes->size(); ++i)
      field.value |= std::uint64_t{static_cast<unsigned char>((*bytes)[i])} << (8 * i);
  } else if (kind == 2) {
    const auto size = varint();
    const auto bytes = size ? take(*size) : std::nullopt;
    if (!bytes) return std::nullopt;
    field.bytes = *bytes;
  } else {
    return std::nullopt;
  }
  broken_ = false;
  return field;
}

}  // namespace dream::text
