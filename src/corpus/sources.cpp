#include "corpus/sources.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/errors.hpp"

namespace dream::corpus {
namespace {

namespace fs = std::filesystem;
using FileId = std::pair<dev_t, ino_t>;

class Listing {
 public:
  explicit Listing(const Pulse& pulse) : pulse_(pulse) {}

  void add_source(const fs::path& source) {
    struct stat facts {};
    if (::stat(source.c_str(), &facts) != 0) {
      throw CorpusError(source.string(), 0,
                        std::string("cannot be used as a source: ") + std::strerror(errno));
    }
    if (S_ISDIR(facts.st_mode)) {
      add_folder(source, "", facts);
    } else if (S_ISREG(facts.st_mode)) {
      add_file(source, source.filename().string(), facts);
    } else {
      throw CorpusError(source.string(), 0, "is neither a file nor a folder");
    }
  }

  std::vector<SourceFile> take() {
    std::sort(files_.begin(), files_.end(), [](const SourceFile& a, const SourceFile& b) {
      return std::tie(a.name, a.path) < std::tie(b.name, b.path);
    });
    return std::move(files_);
  }

 private:
  void add_folder(const fs::path& folder, const std::string& prefix, const struct stat& facts) {
    if (!seen_.insert({facts.st_dev, facts.st_ino}).second) return;
    pulse_();
    std::error_code code;
    std::vector<fs::path> entries;
    for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code))
      entries.push_back(it->path());
    if (code) throw CorpusError(folder.string(), 0, "cannot list the folder: " + code.message());
    // Sorted, so that it does not depend on the file system which of two ways to a linked folder is taken.
    // Real entries come before links, so that a file keeps the name of the place where it lies.
    std::sort(entries.begin(), entries.end());
    std::stable_partition(entries.begin(), entries.end(), [](const fs::path& p) {
      std::error_code ignored;
      return !fs::is_symlink(p, ignored);
    });
    for (const auto& entry : entries) add_entry(entry, prefix);
  }

  void add_entry(const fs::path& entry, const std::string& prefix) {
    const auto leaf = entry.filename().string();
    if (leaf.starts_with('.')) return;
    struct stat facts {};
    if (::stat(entry.c_str(), &facts) != 0) {
      files_.push_back({entry, prefix + leaf, 0});  // reading it gives the row "unreadable"
    } else if (S_ISDIR(facts.st_mode)) {
      add_folder(entry, prefix + leaf + "/", facts);
    } else if (S_ISREG(facts.st_mode)) {
      add_file(entry, prefix + leaf, facts);
    }
  }

  void add_file(const fs::path& path, std::string name, const struct stat& facts) {
    if (!seen_.insert({facts.st_dev, facts.st_ino}).second && facts.st_nlink == 1) return;
    files_.push_back({path, std::move(name), static_cast<std::int64_t>(facts.st_size)});
  }

  const Pulse& pulse_;
  std::set<FileId> seen_;
  std::vector<SourceFile> files_;
};

std::string extension_of(std::string_view name) {
  const auto leaf = name.substr(name.find_last_of('/') + 1);
  const auto dot = leaf.find_last_of('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == leaf.size()) return "none";
  std::string out(leaf.substr(dot + 1));
  for (auto& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

}  // namespace

std::vector<SourceFile> list_sources(std::span<const std::string> sources, const Pulse& pulse) {
  Listing listing(pulse);
  for (const auto& source : sources) {
    if (source.find("://") != std::string::npos) {
      throw CorpusError(
          source, 0,
          "only folders, files and s3://BUCKET/PREFIX can be sources; dream_ingest brings others to S3");
    }
    listing.add_source(source);
  }
  return listing.take();
}

std::string format_of(std::string_view name, std::string_view head) {
  auto extension = extension_of(name);
  if (extension == "markdown") extension = "md";
  if (extension == "text") extension = "txt";
  const bool text = extension == "md" || extension == "txt" || extension == "none";
  if (text && head.starts_with("%PDF-")) return "pdf";
  if (text && head.starts_with("PK\x03\x04")) return "zip";
  if (text && head.starts_with("\xD0\xCF\x11\xE0")) return "ole";
  return extension;
}

}  // namespace dream::corpus
