#include "base/access.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fs = std::filesystem;

namespace dream {
namespace {

/// Calls what the system interrupted again; returns -1 with errno set.
template <class Call>
auto retry(const Call& call) {
  for (;;) {
    const auto got = call();
    if (got >= 0 || errno != EINTR) return got;
  }
}

/// Where on the way to `path` the system refused: the first folder that lets us not through, or the last
/// thing there is.
fs::path place_of_refusal(const fs::path& path) {
  fs::path place;
  std::error_code ignored;
  for (const auto& step : fs::absolute(path, ignored)) {
    const auto next = place / step;
    struct stat info {};
    if (::stat(next.c_str(), &info) != 0) break;
    place = next;
    if (S_ISDIR(info.st_mode) && ::faccessat(AT_FDCWD, place.c_str(), X_OK, AT_EACCESS) != 0) break;
  }
  return place;
}

std::string owner_and_mode(const fs::path& place) {
  struct stat info {};
  if (::stat(place.c_str(), &info) != 0) return fmt::format("{} cannot be looked at", place.string());
  return fmt::format("{} is mode {:04o} of uid:gid {}:{}, this process is {}:{}", place.string(),
                     info.st_mode & 07777U, info.st_uid, info.st_gid, ::geteuid(), ::getegid());
}

std::string room_at(const fs::path& place) {
  struct statvfs room {};
  if (::statvfs(place.c_str(), &room) != 0) return fmt::format("on the disk of {}", place.string());
  return fmt::format("{} kB and {} files are free at {}", room.f_bavail * room.f_frsize / 1000, room.f_favail,
                     place.string());
}

/// What a person would look at next.
std::string circumstances(const fs::path& path, int error) {
  const auto place = place_of_refusal(path);
  if (error == ENOENT || error == ENOTDIR) return fmt::format("the way ends at {}", place.string());
  if (error == ENOSPC || error == EDQUOT) return room_at(place);
  return owner_and_mode(place);
}

std::string remedy_for_permission() {
  if (::geteuid() == 0) {
    return "an NFS server takes root for nobody (root_squash): run as the folder's owner, not as root";
  }
  return "run as its owner, or have the owner give it to a group of yours (chgrp GROUP, chmod g+rwX; in "
         "Kubernetes securityContext.fsGroup)";
}

std::string remedy_for(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return remedy_for_permission();
    case ENOENT:
      return "correct the path, or mount the file system on this host too";
    case ENOTDIR:
    case EEXIST:
      return "a file is in the way: correct the path";
    case EROFS:
      return "it is mounted read-only: mount it for writing, or choose another folder";
    case ENOSPC:
    case EDQUOT:
      return "make room or raise the quota; what is sealed stays, and the same command continues";
    case ESTALE:
      return "the server has replaced what is mounted here: mount it anew on this host";
    default:
      return "look at the file system on this host (mount, dmesg)";
  }
}

std::optional<Obstacle> obstacle_now(const fs::path& path) { return obstacle_of(path, errno); }

std::optional<Obstacle> obstacle_to_listing(const fs::path& folder) {
  DIR* listing = ::opendir(folder.c_str());
  if (listing == nullptr) return obstacle_now(folder);
  errno = 0;
  (void)::readdir(listing);
  const int error = errno;
  ::closedir(listing);
  if (error != 0) return obstacle_of(folder, error);
  return std::nullopt;
}

}  // namespace

Obstacle obstacle_of(const fs::path& path, int error) {
  return {path.string(), error, fmt::format("{}: {}", std::strerror(error), circumstances(path, error)),
          remedy_for(error)};
}

std::string why(const fs::path& path, int error) {
  const auto obstacle = obstacle_of(path, error);
  return obstacle.finding + "; " + obstacle.remedy;
}

fs::path nearest_existing(const fs::path& path) {
  std::error_code ignored;
  auto place = fs::absolute(path, ignored);
  while (place.has_relative_path() && !fs::exists(place, ignored)) place = place.parent_path();
  return place;
}

std::optional<Obstacle> obstacle_to_reading(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return obstacle_now(path);
  if (S_ISDIR(info.st_mode)) return obstacle_to_listing(path);
  const int file = static_cast<int>(retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (file < 0) return obstacle_now(path);
  char first = 0;
  const auto got = retry([&] { return ::read(file, &first, 1); });
  const int error = errno;
  ::close(file);
  if (got < 0) return obstacle_of(path, error);
  return std::nullopt;
}

std::optional<Obstacle> obstacle_to_writing(const fs::path& folder, std::string_view name,
                                            std::string_view bytes) {
  std::error_code made;
  fs::create_directories(folder, made);
  if (made) return obstacle_of(folder, made.value());
  const auto path = folder / name;
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const int file = static_cast<int>(retry([&] { return ::open(path.c_str(), flags, 0644); }));
  if (file < 0) return obstacle_now(folder);
  auto put = retry([&] { return ::write(file, bytes.data(), bytes.size()); });
  if (put >= 0 && ::fsync(file) != 0) put = -1;
  const int error = put < 0 ? errno : put < std::ssize(bytes) ? ENOSPC : 0;
  ::close(file);
  if (error == 0) return std::nullopt;
  ::unlink(path.c_str());
  return obstacle_of(folder, error);
}

}  // namespace dream
