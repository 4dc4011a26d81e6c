#pragma once
#include <hdf5.h>

#include <string>
#include <string_view>
#include <utility>

#include "state/h5.hpp"

/// What the writer and the reader share of HDF5: identifiers that close themselves, errors as exceptions,
/// types.
namespace dream::state::detail {

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

/// HDF5 prints its errors to stderr unless told not to; we turn them into exceptions. Restores what was set
/// before.
class Quiet {
 public:
  Quiet() {
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

/// Throws StateError with HDF5's chain of causes. To be called right after the failed call: the next one
/// clears HDF5's stack.
[[noreturn]] void fail(const std::string& path, std::string_view item, std::string_view what);

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

[[nodiscard]] hid_t stored_type(Element element);
[[nodiscard]] hid_t memory_type(Element element);
/// Variable length, because h5py then gives a str and not bytes.
[[nodiscard]] Handle text_type(const Call& call);
/// The access that all our files share: a fixed format, no locks.
[[nodiscard]] Handle file_access(const Call& call);

}  // namespace dream::state::detail
