#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace dream {

/// A shared library that is looked for when the program runs, so that the program starts where it is absent.
/// Its symbols stay in it: the library is never unloaded while an object of ours exists, and what was got
/// from it must not outlive that object. Move only.
class DynamicLibrary {
 public:
  /// The first of `names` (file names or paths, tried in this order) that loads. Throws Error with exit code
  /// `device`, which gives for every name the loader's reason, and `purpose`: what cannot be done without it
  /// ("matrix products on a GPU").
  DynamicLibrary(std::span<const std::string_view> names, std::string_view purpose);
  ~DynamicLibrary();
  DynamicLibrary(DynamicLibrary&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), name_(std::move(other.name_)) {}
  DynamicLibrary& operator=(DynamicLibrary&& other) noexcept;
  DynamicLibrary(const DynamicLibrary&) = delete;
  DynamicLibrary& operator=(const DynamicLibrary&) = delete;

  /// The name that it was found under.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Where its file lies; name() where the loader does not say.
  [[nodiscard]] std::string path() const;

  /// An entry point as a pointer to a function of that type. Throws Error with exit code `device` that names
  /// the library and the symbol where there is none.
  template <class Function>
  [[nodiscard]] Function* symbol(const char* name) const {
    return reinterpret_cast<Function*>(address(name));
  }
  /// The same; null where there is none, for what only some versions have.
  template <class Function>
  [[nodiscard]] Function* optional_symbol(const char* name) const {
    return reinterpret_cast<Function*>(find(name));
  }

 private:
  [[nodiscard]] void* find(const char* name) const;
  [[nodiscard]] void* address(const char* name) const;

  void* handle_ = nullptr;
  std::string name_;
};

}  // namespace dream
