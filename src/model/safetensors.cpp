#include "model/safetensors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "text/json_file.hpp"

namespace dream::model {
namespace {

using nlohmann::json;

std::string_view map_file(const std::string& path) {
  const auto fail = [&](const char* what) {
    throw ModelError(path, "", std::string(what) + ": " + std::strerror(errno));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("cannot open");
  struct stat status {};
  void* data = MAP_FAILED;
  if (::fstat(fd, &status) == 0 && status.st_size > 0) {
    data = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, fd, 0);
  }
  const int error = errno;
  ::close(fd);
  errno = error;
  if (status.st_size == 0) throw ModelError(path, "", "is empty; fetch the file again");
  if (data == MAP_FAILED) fail("cannot map");
  return {static_cast<const char*>(data), static_cast<std::size_t>(status.st_size)};
}

std::int64_t bytes_of(const std::string& type) {
  static const std::map<std::string, std::int64_t> sizes{{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2},
                                                         {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
                                                         {"U8", 1},  {"BOOL", 1}};
  const auto found = sizes.find(type);
  return found == sizes.end() ? 0 : found->second;
}

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (const auto n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + ")";
}

/// Reads a list of non-negative integers, or nothing.
bool read_integers(const json& value, std::vector<std::int64_t>& out) {
  if (!value.is_array()) return false;
  for (const auto& item : value) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > (std::uint64_t{1} << 62)) return false;
    out.push_back(item.get<std::int64_t>());
  }
  return true;
}

float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0)
    return std::copysign(std::ldexp(static_cast<float>(fraction), -24), sign != 0 ? -1.0F : 1.0F);
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

std::size_t bytes_of(StoredType type) { return type == StoredType::f32 ? 4 : 2; }

/// values.size() values from there on, wherever that is.
void convert(StoredType type, const char* bytes, std::span<float> values) {
  if (type == StoredType::f32) {
    std::memcpy(values.data(), bytes, values.size_bytes());
    return;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes + 2 * i, sizeof half);
    values[i] = type == StoredType::f16 ? from_half(half) : std::bit_cast<float>(std::uint32_t{half} << 16);
  }
}

/// The first value that is no number, or -1.
std::int64_t find_not_finite(std::span<const float> values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  return bad == values.end() ? -1 : bad - values.begin();
}

}  // namespace

std::int64_t StoredRows::rows() const {
  return static_cast<std::int64_t>(bytes_.size() / bytes_of(type_)) / cols_;
}

void StoredRows::copy(std::int64_t row, std::span<float> out) const {
  DREAM_CHECK(row >= 0 && row < rows() && std::ssize(out) == cols_, "a row outside of the matrix");
  convert(type_, bytes_.data() + static_cast<std::size_t>(row * cols_) * bytes_of(type_), out);
}

SafeTensors::SafeTensors(const std::filesystem::path& path) : path_(path.string()), file_(map_file(path_)) {
  try {
    std::uint64_t header = 0;
    if (file_.size() < sizeof header)
      throw ModelError(path_, "", "is truncated: it has only " + std::to_string(file_.size()) + " bytes");
    std::memcpy(&header, file_.data(), sizeof header);
    if (header > file_.size() - sizeof header) {
      throw ModelError(path_, "",
                       "has a header of " + std::to_string(header) + " bytes in a file of " +
                           std::to_string(file_.size()) + ": it is truncated, or no safetensors file");
    }
    read_header(file_.substr(sizeof header, header), file_.substr(sizeof header + header));
    check_overlaps();
  } catch (...) {
    ::munmap(const_cast<char*>(file_.data()), file_.size());
    throw;
  }
}

SafeTensors::~SafeTensors() { ::munmap(const_cast<char*>(file_.data()), file_.size()); }

void SafeTensors::read_header(std::string_view header, std::string_view data) {
  const auto parsed = text::parse_json(header);
  if (!parsed.is_object())
    throw ModelError(path_, "", "has a header that is no JSON object: it is no safetensors file");
  for (const auto& [name, entry] : parsed.items()) {
    if (name == "__metadata__") continue;
    Tensor tensor;
    std::vector<std::int64_t> offsets;
    const bool complete = entry.is_object() && entry.contains("dtype") && entry["dtype"].is_string() &&
                          read_integers(entry.value("shape", json()), tensor.shape) &&
                          read_integers(entry.value("data_offsets", json()), offsets) && offsets.size() == 2;
    if (!complete) throw ModelError(path_, name, "has a broken header entry " + entry.dump());
    tensor.type = entry["dtype"].get<std::string>();
    const auto size = static_cast<std::int64_t>(data.size());
    if (offsets[0] > offsets[1] || offsets[1] > size) {
      throw ModelError(path_, name,
                       "lies at bytes " + std::to_string(offsets[0]) + " to " + std::to_string(offsets[1]) +
                           " of " + std::to_string(size) + ": the file is truncated or its header lies");
    }
    const auto given = offsets[1] - offsets[0];
    // Divides instead of multiplying, so that no product of lying extents can overflow.
    auto rest = given;
    bool fits = true;
    const auto width = bytes_of(tensor.type);
    if (width != 0 && std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) {
      fits = given == 0;
    } else if (width != 0) {
      for (const auto n : tensor.shape) {
        fits = fits && rest % n == 0;
        rest /= n;
      }
      fits = fits && rest == width;
    }
    if (!fits) {
      throw ModelError(path_, name,
                       "has " + std::to_string(given) + " bytes, which do not fit " + tensor.type +
                           " of shape " + text_of(tensor.shape));
    }
    tensor.bytes = data.substr(static_cast<std::size_t>(offsets[0]), static_cast<std::size_t>(given));
    tensors_.emplace(name, std::move(tensor));
  }
}

void SafeTensors::check_overlaps() const {
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const auto& entry : tensors_) {
    if (!entry.second.bytes.empty()) order.push_back(&entry);
  }
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return a->second.bytes.data() < b->second.bytes.data(); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto& before = order[i - 1]->second.bytes;
    if (before.data() + before.size() > order[i]->second.bytes.data()) {
      throw ModelError(path_, order[i]->first,
                       "shares bytes with " + order[i - 1]->first + ": the header lies");
    }
  }
}

std::vector<std::string> SafeTensors::names() const {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : tensors_) result.push_back(name);
  return result;
}

std::pair<const SafeTensors::Tensor&, StoredType> SafeTensors::find(
    const std::string& name, std::span<const std::int64_t> shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end())
    throw ModelError(path_, name, "is missing among " + std::to_string(tensors_.size()) + " tensors");
  const auto& tensor = found->second;
  if (!std::ranges::equal(shape, tensor.shape)) {
    throw ModelError(path_, name,
                     "has shape " + text_of(tensor.shape) + " where config.json asks for " +
                         text_of({shape.begin(), shape.end()}));
  }
  if (tensor.type == "F32") return {tensor, StoredType::f32};
  if (tensor.type == "F16") return {tensor, StoredType::f16};
  if (tensor.type == "BF16") return {tensor, StoredType::bf16};
  throw ModelError(path_, name, "is of type " + tensor.type + "; this build reads F32, F16 and BF16");
}

void SafeTensors::throw_not_finite(const std::string& name, std::int64_t element) const {
  throw ModelError(path_, name, "holds a value that is no number, at element " + std::to_string(element));
}

Floats SafeTensors::floats(const std::string& name, std::initializer_list<std::int64_t> shape) const {
  const auto [tensor, type] = find(name, shape);
  const auto* const data = tensor.bytes.data();
  const auto count = tensor.bytes.size() / bytes_of(type);
  std::vector<float> converted;
  std::span<const float> values;
  if (type == StoredType::f32 && reinterpret_cast<std::uintptr_t>(data) % alignof(float) == 0) {
    values = {reinterpret_cast<const float*>(data), count};
  } else {
    converted.resize(count);
    convert(type, data, converted);
    values = converted;
  }
  if (const auto bad = find_not_finite(values); bad >= 0) throw_not_finite(name, bad);
  return converted.empty() ? Floats(values) : Floats(std::move(converted));
}

StoredRows SafeTensors::stored(const std::string& name, std::int64_t rows, std::int64_t cols) const {
  const std::int64_t shape[] = {rows, cols};
  const auto [tensor, type] = find(name, shape);
  const StoredRows result(type, tensor.bytes, cols);
  std::vector<float> row(static_cast<std::size_t>(cols));
  for (std::int64_t r = 0; r < rows; ++r) {
    result.copy(r, row);
    if (const auto bad = find_not_finite(row); bad >= 0) throw_not_finite(name, r * cols + bad);
  }
  return result;
}

void SafeTensors::let_go() const {
  (void)::madvise(const_cast<char*>(file_.data()), file_.size(), MADV_DONTNEED);
}

Digest SafeTensors::digest() const { return digest_of(file_); }

}  // namespace dream::model
