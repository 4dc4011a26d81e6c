#include <algorithm>
#include <utility>

#include "base/errors.hpp"
#include "state/h5.hpp"
#include "state/h5_handle.hpp"
#include "state/h5_seal.hpp"

namespace dream::state {

using namespace detail;

namespace {

/// Creation properties without times: equal content, equal bytes.
Handle timeless(const Call& call, hid_t kind) {
  Handle creation = call.own(H5Pcreate(kind), &H5Pclose, "cannot set creation up");
  call.check(H5Pset_obj_track_times(creation.get(), false), "cannot switch times off");
  return creation;
}

/// Every group above the last part of `name`. HDF5 could make them by itself, but then with times.
void make_groups(const File& file, const std::string& name) {
  const Call call{file.path, name};
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string group = name.substr(0, slash);
    if (call.ask(H5Lexists(file.handle.get(), group.c_str(), H5P_DEFAULT), "cannot look for its group"))
      continue;
    const Handle creation = timeless(call, H5P_GROUP_CREATE);
    (void)call.own(H5Gcreate2(file.handle.get(), group.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                   &H5Gclose, "cannot make its group");
  }
}

void put_attribute(const File& file, const std::string& name, hid_t stored, hid_t memory, const void* value) {
  const Call call{file.path, name};
  const Handle space = call.own(H5Screate(H5S_SCALAR), &H5Sclose, "cannot make a scalar");
  const Handle attribute =
      call.own(H5Acreate2(file.handle.get(), name.c_str(), stored, space.get(), H5P_DEFAULT, H5P_DEFAULT),
               &H5Aclose, "cannot make the attribute");
  call.check(H5Awrite(attribute.get(), memory, value), "cannot write the attribute");
}

}  // namespace

H5Writer::H5Writer(const std::filesystem::path& path) {
  const Quiet quiet;
  const std::string place = path.string();
  const Call call{place, {}};
  const Handle creation = timeless(call, H5P_FILE_CREATE);
  call.check(H5Pset_userblock(creation.get(), detail::user_block_bytes), "cannot reserve the user block");
  const Handle access = file_access(call);
  Handle file = call.own(H5Fcreate(place.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), &H5Fclose,
                         "cannot create");
  file_ = std::make_unique<File>(File{place, std::move(file)});
}

H5Writer::~H5Writer() {
  const Quiet quiet;
  file_.reset();
}
H5Writer::H5Writer(H5Writer&&) noexcept = default;
H5Writer& H5Writer::operator=(H5Writer&&) noexcept = default;

void H5Writer::put(std::string_view name_, Element element, std::span<const std::int64_t> shape,
                   const void* values) {
  DREAM_CHECK(file_ != nullptr, "written after close()");
  const Quiet quiet;
  const std::string name(name_);
  const Call call{file_->path, name};
  make_groups(*file_, name);
  const std::vector<hsize_t> dimensions(shape.begin(), shape.end());
  const Handle space =
      call.own(H5Screate_simple(static_cast<int>(dimensions.size()), dimensions.data(), nullptr), &H5Sclose,
               "cannot make its shape");
  const Handle creation = timeless(call, H5P_DATASET_CREATE);
  Handle dataset = call.own(H5Dcreate2(file_->handle.get(), name.c_str(), stored_type(element), space.get(),
                                       H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                            &H5Dclose, "cannot make the dataset");
  if (std::find(dimensions.begin(), dimensions.end(), 0U) == dimensions.end()) {
    call.check(H5Dwrite(dataset.get(), memory_type(element), H5S_ALL, H5S_ALL, H5P_DEFAULT, values),
               "cannot write the dataset");
  }
  if (!dataset.close()) fail(file_->path, name, "cannot close the dataset");
}

void H5Writer::write_strings(std::string_view name, std::span<const std::string> texts) {
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> offsets{0};
  for (const auto& text : texts) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    offsets.push_back(std::ssize(bytes));
  }
  write(std::string(name) + "/bytes", bytes);
  write(std::string(name) + "/offsets", offsets);
}

void H5Writer::attribute(std::string_view name, std::string_view text) {
  DREAM_CHECK(file_ != nullptr, "written after close()");
  DREAM_CHECK(text.find('\0') == std::string_view::npos, "a text attribute with a NUL: " + std::string(name));
  const Quiet quiet;
  const Handle type = text_type({file_->path, name});
  const std::string owned(text);
  const char* pointer = owned.c_str();
  put_attribute(*file_, std::string(name), type.get(), type.get(), &pointer);
}

void H5Writer::attribute(std::string_view name, std::int64_t value) {
  DREAM_CHECK(file_ != nullptr, "written after close()");
  const Quiet quiet;
  put_attribute(*file_, std::string(name), H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

void H5Writer::close() {
  DREAM_CHECK(file_ != nullptr, "closed twice");
  const Quiet quiet;
  const auto file = std::move(file_);
  if (!file->handle.close()) fail(file->path, "", "cannot flush and close");
  detail::seal(file->path);
}

}  // namespace dream::state
