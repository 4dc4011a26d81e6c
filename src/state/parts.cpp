#include "state/parts.hpp"

#include <algorithm>
#include <system_error>

#include "base/access.hpp"
#include "base/errors.hpp"
#include "base/file.hpp"

namespace fs = std::filesystem;

namespace dream::state {
namespace {

constexpr std::string_view format_stamp = "dream_sweep state, format 1\n";

void make_folder(const fs::path& folder) {
  std::error_code error;
  const bool is_new = fs::create_directories(folder, error);
  if (error) throw StateError(folder.string(), "", "cannot make this folder: " + why(folder, error.value()));
  if (is_new) sync_folder(folder.parent_path());  // else a power cut may lose the folder with the parts in it
}

bool is_key(const std::string& stem) {
  return stem.size() == 32 && stem.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

PartStore::PartStore(fs::path folder, std::string incarnation, int rank)
    : folder_(std::move(folder)), incarnation_(std::move(incarnation)), rank_(rank) {}

void PartStore::prepare() const {
  make_folder(folder_ / "parts");
  make_folder(folder_ / "tmp");
  const auto stamp = folder_ / "FORMAT";
  if (!fs::exists(stamp)) return write_file(stamp, format_stamp);
  const auto found = read_file(stamp);
  if (found != format_stamp) {
    throw StateError(
        stamp.string(), "",
        "this program reads format 1, found \"" + found.substr(0, 60) + "\"; use another sweep.state");
  }
}

std::vector<Digest> PartStore::list() const {
  std::vector<Digest> keys;
  for (const auto& folder : fs::directory_iterator(folder_ / "parts")) {
    if (!folder.is_directory()) continue;
    for (const auto& file : fs::directory_iterator(folder.path())) {
      const auto stem = file.path().stem().string();
      if (file.path().extension() == ".h5" && is_key(stem)) keys.push_back(parse_digest(stem));
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void PartStore::write(const Digest& key, const std::function<void(H5Writer&)>& fill) const {
  const auto beside = temporary(key);
  try {
    H5Writer writer(beside);
    fill(writer);
    writer.close();
  } catch (...) {
    std::error_code ignored;
    fs::remove(beside, ignored);  // on a full disk its room is needed
    throw;
  }
  seal(beside, path(key));
}

void PartStore::write_provisional(const Digest& key, const std::function<void(H5Writer&)>& fill) const {
  H5Writer writer(provisional(key));
  fill(writer);
  writer.close();
}

void PartStore::write_beside(const Digest& key, std::string_view extension, std::string_view bytes) const {
  const auto beside = temporary(key);
  write_file(beside, bytes);
  seal(beside, path(key, extension));
}

H5Reader PartStore::open(const Digest& key) const {
  auto file = path(key);
  if (!fs::exists(file) && fs::exists(provisional(key))) file = provisional(key);
  verify(file);
  return H5Reader(file);
}

fs::path PartStore::path(const Digest& key, std::string_view extension) const {
  const auto name = key.hex();
  return folder_ / "parts" / name.substr(0, 2) / (name + "." + std::string(extension));
}

fs::path PartStore::temporary(const Digest& key) const {
  return folder_ / "tmp" / (incarnation_ + "-" + std::to_string(rank_) + "-" + key.hex());
}

fs::path PartStore::provisional(const Digest& key) const {
  return folder_ / "tmp" / (incarnation_ + "-provisional-" + key.hex());
}

void PartStore::seal(const fs::path& from, const fs::path& to) const {
  make_folder(to.parent_path());
  std::error_code error;
  fs::rename(from, to, error);
  if (error)
    throw StateError(to.string(), "", "cannot rename a finished part to it: " + why(to, error.value()));
  sync_folder(to.parent_path());
}

}  // namespace dream::state
