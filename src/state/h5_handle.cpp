#include "state/h5_handle.hpp"

#include "base/errors.hpp"

static_assert(H5_VERSION_GE(1, 10, 7), "HDF5 1.10.7 is the first whose file locks can be switched off");

namespace dream::state {
namespace detail {
namespace {

herr_t append_cause(unsigned, const H5E_error2_t* error, void* text) {
  auto& causes = *static_cast<std::string*>(text);
  if (error->desc != nullptr) causes += std::string(causes.empty() ? "" : ": ") + error->desc;
  return 0;
}

}  // namespace

[[noreturn]] void fail(const std::string& path, std::string_view item, std::string_view what) {
  std::string causes;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, &append_cause, &causes);
  throw StateError(path, std::string(item), std::string(what) + (causes.empty() ? "" : ": " + causes));
}

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

Handle text_type(const Call& call) {
  Handle type = call.own(H5Tcopy(H5T_C_S1), &H5Tclose, "cannot make a text type");
  call.check(H5Tset_size(type.get(), H5T_VARIABLE), "cannot make a text type");
  call.check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "cannot make a text type");
  return type;
}

Handle file_access(const Call& call) {
  Handle access = call.own(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose, "cannot set access up");
  call.check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18),
             "cannot fix the format version");
  call.check(H5Pset_file_locking(access.get(), false, true), "cannot switch locks off");
  return access;
}

}  // namespace detail

std::string h5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return "HDF5 " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace dream::state
