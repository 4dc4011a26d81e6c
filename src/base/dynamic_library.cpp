#include "base/dynamic_library.hpp"

#include <dlfcn.h>
#include <link.h>

#include "base/errors.hpp"

namespace dream {

DynamicLibrary::DynamicLibrary(std::span<const std::string_view> names, std::string_view purpose) {
  std::string reasons;
  for (const auto candidate : names) {
    name_ = candidate;
    // Local, so that its symbols stand in for nobody else's; now, so that what it lacks itself is found here.
    handle_ = dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return;
    const char* const reason = dlerror();
    reasons +=
        (reasons.empty() ? "" : "; ") + std::string(reason != nullptr ? reason : name_ + ": not loaded");
  }
  throw Error(ExitCode::device, std::string(purpose) + " needs a library that cannot be loaded here (" +
                                    reasons + "); install it, or name its folder in LD_LIBRARY_PATH");
}

DynamicLibrary::~DynamicLibrary() {
  if (handle_ != nullptr) dlclose(handle_);
}

DynamicLibrary& DynamicLibrary::operator=(DynamicLibrary&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(name_, other.name_);
  return *this;
}

std::string DynamicLibrary::path() const {
  link_map* map = nullptr;
  const bool known = dlinfo(handle_, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && *map->l_name != 0;
  return known ? std::string(map->l_name) : name_;
}

void* DynamicLibrary::find(const char* name) const { return dlsym(handle_, name); }

void* DynamicLibrary::address(const char* name) const {
  void* const found = find(name);
  if (found == nullptr)
    throw Error(ExitCode::device, path() + ": has no symbol " + name +
                                      "; this is another version of the library than the one that is needed");
  return found;
}

}  // namespace dream
