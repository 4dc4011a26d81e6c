#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/digest.hpp"
#include "state/h5.hpp"

namespace dream::state {

/// The parts of a state folder: immutable files named by the digest of all that decides their content.
///
///   parts/ab/<key>.h5      a sealed part; `ab` are the key's first two digits
///   parts/ab/<key>.faiss   the index file of a shard, sealed before its part
///   tmp/                   parts being written, renamed when whole
///
/// A part is there or not, never half: it is written under tmp/, synced, renamed, and the folder is synced.
/// Two ranks that write the same key write the same bytes, so the second rename changes nothing. Sealed parts
/// are only ever read, by any number of ranks. docs/state-format.md has every dataset.
class PartStore {
 public:
  /// `incarnation` names this start of the program on this folder; with the rank it makes names in tmp/
  /// unique.
  PartStore(std::filesystem::path folder, std::string incarnation, int rank);

  /// Makes the folders and checks the format stamp. Rank 0 only. Throws StateError for a folder that cannot
  /// be written or that a newer program has made.
  void prepare() const;

  /// The keys of all sealed parts. Rank 0 lists them once and broadcasts.
  [[nodiscard]] std::vector<Digest> list() const;

  /// Writes and seals a part. `fill` must write the same bytes for the same key.
  void write(const Digest& key, const std::function<void(H5Writer&)>& fill) const;

  /// Writes a part that must not be taken for whole, because some of its rows may turn out otherwise when
  /// they are tried again: open() finds it until this incarnation ends, list() never does.
  void write_provisional(const Digest& key, const std::function<void(H5Writer&)>& fill) const;

  /// Seals a plain file beside a part, e.g. "faiss".
  void write_beside(const Digest& key, std::string_view extension, std::string_view bytes) const;

  /// Opens a sealed part. Throws StateError when it is absent or its bytes are not those that were sealed.
  [[nodiscard]] H5Reader open(const Digest& key) const;

  [[nodiscard]] std::filesystem::path path(const Digest& key, std::string_view extension = "h5") const;

 private:
  [[nodiscard]] std::filesystem::path temporary(const Digest& key) const;
  [[nodiscard]] std::filesystem::path provisional(const Digest& key) const;
  void seal(const std::filesystem::path& from, const std::filesystem::path& to) const;

  std::filesystem::path folder_;
  std::string incarnation_;
  int rank_;
};

}  // namespace dream::state
