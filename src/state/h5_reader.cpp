#include <algorithm>
#include <utility>

#include "base/errors.hpp"
#include "state/h5.hpp"
#include "state/h5_handle.hpp"
#include "state/h5_seal.hpp"

namespace dream::state {

using namespace detail;

namespace {

std::string_view name_of(Element element) {
  constexpr std::string_view names[] = {"int8", "uint8", "int32", "int64", "uint64", "float32", "float64"};
  return names[static_cast<std::size_t>(element)];
}

std::string name_of_stored(hid_t type) {
  for (int e = 0; e <= static_cast<int>(Element::float64); ++e) {
    if (H5Tequal(type, stored_type(static_cast<Element>(e))) > 0)
      return std::string(name_of(static_cast<Element>(e)));
  }
  return "another type";
}

Handle open_dataset(const File& file, const std::string& name) {
  return Call{file.path, name}.own(H5Dopen2(file.handle.get(), name.c_str(), H5P_DEFAULT), &H5Dclose,
                                   "cannot open the dataset");
}

std::vector<hsize_t> dimensions_of(const Call& call, hid_t dataset) {
  const Handle space = call.own(H5Dget_space(dataset), &H5Sclose, "cannot read its shape");
  const int rank = H5Sget_simple_extent_ndims(space.get());
  call.check(rank, "cannot read its shape");
  std::vector<hsize_t> dimensions(static_cast<std::size_t>(rank));
  call.check(H5Sget_simple_extent_dims(space.get(), dimensions.data(), nullptr), "cannot read its shape");
  return dimensions;
}

Handle open_attribute(const File& file, const std::string& name, H5T_class_t expected) {
  const Call call{file.path, name};
  Handle attribute =
      call.own(H5Aopen(file.handle.get(), name.c_str(), H5P_DEFAULT), &H5Aclose, "cannot open the attribute");
  const Handle type = call.own(H5Aget_type(attribute.get()), &H5Tclose, "cannot read the attribute's type");
  if (H5Tget_class(type.get()) != expected)
    throw StateError(file.path, name, "the attribute has another type");
  return attribute;
}

}  // namespace

H5Reader::H5Reader(const std::filesystem::path& path) {
  detail::check_finished(path);
  const Quiet quiet;
  const std::string place = path.string();
  const Call call{place, {}};
  const Handle access = file_access(call);
  file_ = std::make_unique<File>(
      File{place, call.own(H5Fopen(place.c_str(), H5F_ACC_RDONLY, access.get()), &H5Fclose, "cannot open")});
}

H5Reader::~H5Reader() {
  const Quiet quiet;
  file_.reset();
}
H5Reader::H5Reader(H5Reader&&) noexcept = default;
H5Reader& H5Reader::operator=(H5Reader&&) noexcept = default;

bool H5Reader::has(std::string_view name_) const {
  const Quiet quiet;
  const std::string name(name_);
  const Call call{file_->path, name};
  // HDF5 calls a missing group on the way an error, hence part by part.
  for (std::size_t end = name.find('/');; end = name.find('/', end + 1)) {
    if (!call.ask(H5Lexists(file_->handle.get(), name.substr(0, end).c_str(), H5P_DEFAULT),
                  "cannot look it up")) {
      return false;
    }
    if (end == std::string::npos) return true;
  }
}

std::vector<std::string> H5Reader::names(std::string_view group_) const {
  const Quiet quiet;
  const std::string name(group_.empty() ? "/" : group_);
  const Call call{file_->path, name};
  const Handle group =
      call.own(H5Gopen2(file_->handle.get(), name.c_str(), H5P_DEFAULT), &H5Gclose, "cannot open the group");
  H5G_info_t info{};
  call.check(H5Gget_info(group.get(), &info), "cannot list the group");
  std::vector<std::string> names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    auto name_at = [&](char* text, std::size_t size) {
      const auto length =
          H5Lget_name_by_idx(group.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, text, size, H5P_DEFAULT);
      if (length < 0) fail(file_->path, name, "cannot list the group");
      return static_cast<std::size_t>(length);
    };
    std::string& entry = names.emplace_back(name_at(nullptr, 0), '\0');
    name_at(entry.data(), entry.size() + 1);
  }
  return names;
}

std::vector<std::int64_t> H5Reader::shape(std::string_view name_) const {
  const Quiet quiet;
  const std::string name(name_);
  const Handle dataset = open_dataset(*file_, name);
  const auto dimensions = dimensions_of({file_->path, name}, dataset.get());
  return {dimensions.begin(), dimensions.end()};
}

std::vector<std::int64_t> H5Reader::shape_of(std::string_view name, int dimensions) const {
  auto found = shape(name);
  if (std::ssize(found) != dimensions) {
    throw StateError(
        file_->path, std::string(name),
        "has " + std::to_string(found.size()) + " dimensions, expected " + std::to_string(dimensions));
  }
  return found;
}

void H5Reader::check_rows(std::string_view name, std::int64_t first, std::int64_t count) const {
  const std::int64_t rows = shape_of(name, 2)[0];
  if (first < 0 || count < 0 || first > rows || count > rows - first) {
    throw StateError(file_->path, std::string(name),
                     "has " + std::to_string(rows) + " rows, asked for " + std::to_string(count) +
                         " from row " + std::to_string(first));
  }
}

void H5Reader::get(std::string_view name_, Element element, std::int64_t first, std::int64_t count,
                   void* values) const {
  const Quiet quiet;
  const std::string name(name_);
  const Call call{file_->path, name};
  const Handle dataset = open_dataset(*file_, name);
  const Handle type = call.own(H5Dget_type(dataset.get()), &H5Tclose, "cannot read its type");
  if (!call.ask(H5Tequal(type.get(), stored_type(element)), "cannot compare its type")) {
    throw StateError(file_->path, name,
                     "holds " + name_of_stored(type.get()) + ", expected " + std::string(name_of(element)));
  }
  auto dimensions = dimensions_of(call, dataset.get());
  std::vector<hsize_t> start(dimensions.size(), 0);
  start[0] = static_cast<hsize_t>(first);
  dimensions[0] = static_cast<hsize_t>(count);
  if (std::find(dimensions.begin(), dimensions.end(), 0U) != dimensions.end()) return;
  const Handle in_file = call.own(H5Dget_space(dataset.get()), &H5Sclose, "cannot read its shape");
  call.check(
      H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, start.data(), nullptr, dimensions.data(), nullptr),
      "cannot select rows");
  const Handle in_memory =
      call.own(H5Screate_simple(static_cast<int>(dimensions.size()), dimensions.data(), nullptr), &H5Sclose,
               "cannot shape memory");
  call.check(
      H5Dread(dataset.get(), memory_type(element), in_memory.get(), in_file.get(), H5P_DEFAULT, values),
      "cannot read the dataset");
}

std::vector<std::string> H5Reader::read_strings(std::string_view name) const {
  const auto bytes = read<std::uint8_t>(std::string(name) + "/bytes");
  const auto offsets = read<std::int64_t>(std::string(name) + "/offsets");
  const bool sound = !offsets.empty() && offsets.front() == 0 && offsets.back() == std::ssize(bytes) &&
                     std::is_sorted(offsets.begin(), offsets.end());
  if (!sound) throw StateError(file_->path, std::string(name), "the offsets do not cut the bytes into texts");
  std::vector<std::string> texts;
  texts.reserve(offsets.size() - 1);
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    texts.emplace_back(bytes.data() + offsets[i], bytes.data() + offsets[i + 1]);
  }
  return texts;
}

bool H5Reader::has_attribute(std::string_view name_) const {
  const Quiet quiet;
  const std::string name(name_);
  return Call{file_->path, name}.ask(H5Aexists(file_->handle.get(), name.c_str()),
                                     "cannot look for the attribute");
}

std::string H5Reader::text_attribute(std::string_view name_) const {
  const Quiet quiet;
  const std::string name(name_);
  const Call call{file_->path, name};
  const Handle attribute = open_attribute(*file_, name, H5T_STRING);
  const Handle type = text_type(call);
  char* text = nullptr;
  call.check(H5Aread(attribute.get(), type.get(), static_cast<void*>(&text)), "cannot read the attribute");
  std::string copy = text != nullptr ? text : "";
  H5free_memory(text);
  return copy;
}

std::int64_t H5Reader::int_attribute(std::string_view name_) const {
  const Quiet quiet;
  const std::string name(name_);
  const Handle attribute = open_attribute(*file_, name, H5T_INTEGER);
  std::int64_t value = 0;
  Call{file_->path, name}.check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value),
                                "cannot read the attribute");
  return value;
}

}  // namespace dream::state
