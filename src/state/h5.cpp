#include "state/h5.hpp"

#include <hdf5.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/access.hpp"
#include "base/errors.hpp"
#include "state/h5_seal.hpp"

static_assert(H5_VERSION_GE(1, 10, 7), "HDF5 1.10.7 is the first whose file locks can be switched off");

namespace dream::state {
namespace detail {

/// An HDF5 identifier that closes itself. Closing for the sake of the data is done by close().
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close_with) : id_(id), close_(close_with) {}
  ~Handle() {
    if (id_ >= 0) (void)close_(id_);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;

  [[nodiscard]] hid_t get() const { return id_; }
  [[nodiscard]] bool close() { return close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_;
  Close close_;
};

struct File {
  std::string path;
  Handle handle;
};

}  // namespace detail

namespace {

using detail::File;
using detail::Handle;

/// HDF5 prints its errors to stderr unless told not to; we turn them into exceptions. Restores what was set
/// before.
class Quiet {
 public:
  Quiet() {
    // A file that could not be closed (a full disk) would make the library's own end complain; ours are
    // closed by then.
    static const auto no_atexit = H5dont_atexit();
    (void)no_atexit;
    H5Eget_auto2(H5E_DEFAULT, &printer_, &argument_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, printer_, argument_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t printer_ = nullptr;
  void* argument_ = nullptr;
};

herr_t append_cause(unsigned, const H5E_error2_t* error, void* text) {
  auto& causes = *static_cast<std::string*>(text);
  if (error->desc != nullptr) causes += std::string(causes.empty() ? "" : ": ") + error->desc;
  return 0;
}

/// What the system said, buried in the library's words as "errno = 28"; 0 when it said nothing.
int system_error_in(const std::string& causes) {
  constexpr std::string_view sign = "errno = ";
  const auto at = causes.find(sign);
  return at == std::string::npos ? 0 : std::atoi(causes.c_str() + at + sign.size());
}

/// To be called right after the failed call: the next one clears HDF5's stack.
[[noreturn]] void fail(const std::string& path, std::string_view item, std::string_view what) {
  std::string causes;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, &append_cause, &causes);
  if (const int error = system_error_in(causes); error != 0) causes = why(path, error);
  throw StateError(path, std::string(item), std::string(what) + (causes.empty() ? "" : ": " + causes));
}

/// Names a place for errors, and checks each call once.
struct Call {
  const std::string& path;
  std::string_view item;

  [[nodiscard]] Handle own(hid_t id, Handle::Close close_with, std::string_view what) const {
    if (id < 0) fail(path, item, what);
    return {id, close_with};
  }
  void check(herr_t result, std::string_view what) const {
    if (result < 0) fail(path, item, what);
  }
  [[nodiscard]] bool ask(htri_t result, std::string_view what) const {
    if (result < 0) fail(path, item, what);
    return result > 0;
  }
};

hid_t stored_type(Element element) {
  switch (element) {
    case Element::int8:
      return H5T_STD_I8LE;
    case Element::uint8:
      return H5T_STD_U8LE;
    case Element::int32:
      return H5T_STD_I32LE;
    case Element::int64:
      return H5T_STD_I64LE;
    case Element::uint64:
      return H5T_STD_U64LE;
    case Element::float32:
      return H5T_IEEE_F32LE;
    case Element::float64:
      return H5T_IEEE_F64LE;
  }
  throw InternalError("an element type without a stored type");
}

hid_t memory_type(Element element) {
  switch (element) {
    case Element::int8:
      return H5T_NATIVE_INT8;
    case Element::uint8:
      return H5T_NATIVE_UINT8;
    case Element::int32:
      return H5T_NATIVE_INT32;
    case Element::int64:
      return H5T_NATIVE_INT64;
    case Element::uint64:
      return H5T_NATIVE_UINT64;
    case Element::float32:
      return H5T_NATIVE_FLOAT;
    case Element::float64:
      return H5T_NATIVE_DOUBLE;
  }
  throw InternalError("an element type without a memory type");
}

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

/// The access that all our files share: a fixed format, no locks.
Handle file_access(const Call& call) {
  Handle access = call.own(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose, "cannot set access up");
  call.check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18),
             "cannot fix the format version");
  call.check(H5Pset_file_locking(access.get(), false, true), "cannot switch locks off");
  return access;
}

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

/// Variable length, because h5py then gives a str and not bytes.
Handle text_type(const Call& call) {
  Handle type = call.own(H5Tcopy(H5T_C_S1), &H5Tclose, "cannot make a text type");
  call.check(H5Tset_size(type.get(), H5T_VARIABLE), "cannot make a text type");
  call.check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "cannot make a text type");
  return type;
}

void put_attribute(const File& file, const std::string& name, hid_t stored, hid_t memory, const void* value) {
  const Call call{file.path, name};
  const Handle space = call.own(H5Screate(H5S_SCALAR), &H5Sclose, "cannot make a scalar");
  const Handle attribute =
      call.own(H5Acreate2(file.handle.get(), name.c_str(), stored, space.get(), H5P_DEFAULT, H5P_DEFAULT),
               &H5Aclose, "cannot make the attribute");
  call.check(H5Awrite(attribute.get(), memory, value), "cannot write the attribute");
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

std::string h5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return "HDF5 " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace dream::state
