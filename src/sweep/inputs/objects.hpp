#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/pulse.hpp"
#include "storage/service.hpp"
#include "storage/xml.hpp"

/// Documents on S3, as a sweep meets them: listed by rank 0, hashed by the rank whose share they are, read by
/// the rank whose bucket they fall into. Under STATE/objects lies what saves fetching them again:
///
///   known        what each object was found to be; outlives the run
///   bytes/<id>   objects that were hashed and not yet read; removed when the documents are read
///
/// Both are caches: whoever deletes them loses time only, and what is read is hashed again.
namespace dream::sweep {

/// Where a document lies: a file, or an object as it was listed when `path` is a URL, or a line of a file
/// that holds many.
struct Place {
  std::string path;
  std::int64_t bytes = 0;
  std::string etag;
  std::string modified;
  std::int64_t line = 0;    ///< from 1; 0: the document is all of the file
  std::int64_t offset = 0;  ///< of the line

  [[nodiscard]] bool on_s3() const;
  void put(Packer& packer) const;
  [[nodiscard]] static Place get(Unpacker& reader);
};

/// A document's place and its name below the source.
struct Listed {
  Place place;
  std::string name;
};

/// What an object was found to be.
struct Known {
  Digest hash;
  std::string format;
};

/// The objects of one source, without hidden ones and markers of folders, named below the source as files
/// are. Throws CorpusError for a source without objects, or without any that may be a document.
[[nodiscard]] std::vector<Listed> list_objects(storage::Service& service, const std::string& source,
                                               const Pulse& pulse);

class ObjectCache {
 public:
  /// `service` may be null when no source is on S3.
  ObjectCache(const std::string& state, storage::Service* service);

  /// What an object is known by: another version of it is another object.
  [[nodiscard]] Digest id(const Place& place) const;

  /// What earlier runs have found out. Lines that cannot be read are passed over.
  [[nodiscard]] std::map<Digest, Known> load_known() const;
  /// Throws StateError.
  void save_known(const std::map<Digest, Known>& known) const;

  struct Wanted {
    Place place;
    bool keep = false;  ///< its bytes, until they are read
  };
  /// Fetches objects and says what each is, or why it cannot be used. In order.
  using Found = std::function<void(std::size_t index, const Known& known, const std::string& problem)>;
  void hash(std::span<const Wanted> wanted, const Found& found, const Pulse& pulse) const;

  /// The bytes of objects, kept ones from the folder. Throws CorpusError for one that is gone or changed.
  [[nodiscard]] std::vector<std::string> read(std::span<const Place> places, const Pulse& pulse) const;

  /// Removes what was kept of one object: its bytes are not what they were.
  void forget_bytes(const Place& place) const;
  /// Removes all that was kept. One rank, when no other reads any more.
  void forget_bytes() const;

 private:
  [[nodiscard]] std::filesystem::path kept(const Place& place) const;
  [[nodiscard]] bool is_kept(const Place& place) const;

  std::filesystem::path folder_;
  storage::Service* service_;
};

}  // namespace dream::sweep
