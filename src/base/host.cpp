#include "base/host.hpp"

#include <unistd.h>

namespace dream {

std::string host_name() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "unknown";
  return name;
}

std::string process_space() {
  char name[64] = "";
  return ::readlink("/proc/self/ns/pid", name, sizeof name - 1) > 0 ? name : "unknown";
}

}  // namespace dream
