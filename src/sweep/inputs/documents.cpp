#include "sweep/inputs/documents.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "base/file.hpp"
#include "comm/agree.hpp"
#include "corpus/collection.hpp"
#include "corpus/read_result.hpp"
#include "corpus/sources.hpp"
#include "storage/url.hpp"
#include "sweep/assign.hpp"
#include "sweep/inputs/document_hash.hpp"
#include "sweep/inputs/scatter.hpp"

namespace dream::sweep {
namespace {

/// Format and hash of a file of any length, a block at a time.
std::pair<std::string, Digest> hash_file(const std::string& path, const Pulse& pulse) {
  DocumentHasher hasher(path);
  read_blocks(path, [&](std::string_view block) {
    pulse();
    hasher.add(block);
  });
  return hasher.finish();
}

/// The same of a file or of a line of one.
std::pair<std::string, Digest> hash_at(const Place& place, const Pulse& pulse) {
  if (place.line == 0) return hash_file(place.path, pulse);
  const auto bytes = read_file_part(place.path, place.offset, place.bytes);
  return {std::string(corpus::member_format), hash_document(corpus::member_format, bytes)};
}

/// What a rank found out about one file of its share.
struct Hashed {
  std::int64_t file = 0;  ///< index in the listing
  Digest hash;
  std::string format;
  std::string problem;  ///< why it cannot be opened, or ""
};

Bytes pack(const std::vector<Hashed>& list) {
  Packer packer;
  for (const auto& h : list) packer.put(h.file).put(h.hash).put(h.format).put(h.problem);
  return packer.take();
}

/// What the sources hold.
struct Listing {
  std::vector<Listed> documents;       ///< sorted by name, then path
  std::vector<FailedDocument> failed;  ///< lines of collections that are no documents
};

/// Adds the documents of a file.
void add_file(const corpus::SourceFile& file, std::map<std::string, std::string>& collection_of,
              Listing& listing, const Pulse& pulse) {
  if (corpus::is_companion(file.path)) return;
  if (!corpus::is_collection(file.path)) {
    listing.documents.push_back({{file.path.string(), file.bytes, "", ""}, file.name});
    return;
  }
  auto [members, bad] = corpus::list_members(file.path, pulse);
  for (auto& member : members) {
    const auto [first, is_new] = collection_of.try_emplace(member.id, file.name);
    if (is_new)
      listing.documents.push_back(
          {{file.path.string(), member.bytes, "", "", member.line, member.offset}, member.id});
    else
      bad.push_back({member.line, "\"_id\" is one of " + first->second + ", too"});
  }
  for (auto& [line, problem] : bad) {
    listing.failed.push_back({fmt::format("{}:{}", file.name, line), std::string(corpus::reason::parse_error),
                              std::move(problem)});
  }
}

/// Files of the sources, documents of collections, and objects of sources on S3.
Listing list_all(const config::Corpus& corpus, storage::Service* service, const Pulse& pulse) {
  std::vector<std::string> folders;
  Listing listing;
  auto& all = listing.documents;
  std::set<std::string> seen;
  for (const auto& source : corpus.sources) {
    if (!storage::is_url(source)) {
      folders.push_back(source);
      continue;
    }
    DREAM_CHECK(service != nullptr, "a source is on S3 and nobody opened it");
    for (auto& listed : list_objects(*service, source, pulse)) {
      if (seen.insert(listed.place.path).second) all.push_back(std::move(listed));
    }
  }
  if (!folders.empty()) {
    std::map<std::string, std::string> collection_of;
    for (const auto& file : corpus::list_sources(folders, pulse))
      add_file(file, collection_of, listing, pulse);
  }
  std::ranges::sort(all, {}, [](const Listed& one) { return std::tie(one.name, one.place.path); });
  return listing;
}

/// A document of this rank's share.
struct Share {
  std::int64_t file = 0;  ///< index in the listing
  Place place;
  bool keep = false;  ///< its bytes, when it is on S3
};

/// What must be hashed of a listing; the rest is known. Rank 0.
std::vector<Share> choose_unknown(const std::vector<Listed>& files, const ObjectCache& cache,
                                  const std::map<Digest, Known>& known, std::int64_t cache_bytes,
                                  std::vector<Hashed>& found) {
  std::vector<Share> unknown;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& place = files[i].place;
    const auto at = place.on_s3() ? known.find(cache.id(place)) : known.end();
    if (at != known.end()) {
      found.push_back({static_cast<std::int64_t>(i), at->second.hash, at->second.format, ""});
      continue;
    }
    const bool keep = place.on_s3() && place.bytes <= cache_bytes;
    if (keep) cache_bytes -= place.bytes;
    unknown.push_back({static_cast<std::int64_t>(i), place, keep});
  }
  return unknown;
}

/// Deals rank 0's list out, so that each rank has about as many bytes to hash. Collective.
std::vector<Share> deal(comm::Communicator& comm, const std::vector<Share>& all) {
  std::vector<Packer> messages(static_cast<std::size_t>(comm.size()));
  if (comm.rank() == 0) {
    std::vector<std::int64_t> weights;
    // A request for a small object takes as long as some bytes of a big one.
    for (const auto& one : all) weights.push_back(one.place.bytes + (one.place.on_s3() ? 65'536 : 0));
    const auto owner = assign(weights, comm.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto& message = messages[static_cast<std::size_t>(owner[i])].put(all[i].file);
      all[i].place.put(message);
      message.put(all[i].keep);
    }
  }
  const auto mine = scatter(comm, messages);
  std::vector<Share> share;
  for (Unpacker reader(mine); !reader.done();) {
    const auto file = reader.get<std::int64_t>();
    auto place = Place::get(reader);
    share.push_back({file, std::move(place), reader.get<bool>()});
  }
  return share;
}

std::vector<Hashed> hash_share(const std::vector<Share>& share, const ObjectCache& cache,
                               const Pulse& pulse) {
  std::vector<Hashed> all;
  std::vector<ObjectCache::Wanted> objects;
  std::vector<std::int64_t> files;
  for (const auto& [file, place, keep] : share) {
    pulse();
    if (place.on_s3()) {
      objects.push_back({place, keep});
      files.push_back(file);
      continue;
    }
    Hashed& one = all.emplace_back();
    one.file = file;
    try {
      std::tie(one.format, one.hash) = hash_at(place, pulse);
    } catch (const CorpusError& e) {
      one.problem = e.what();
    }
  }
  cache.hash(
      objects,
      [&](std::size_t index, const Known& known, const std::string& problem) {
        all.push_back({files[index], known.hash, known.format,
                       problem.empty() ? "" : objects[index].place.path + ": " + problem});
      },
      pulse);
  return all;
}

/// What was found out of all files; learns what objects are.
Inputs merge(const std::vector<Listed>& files, std::string_view hashed, const ObjectCache& cache,
             std::map<Digest, Known>& known) {
  Inputs inputs;
  inputs.files = std::ssize(files);
  std::map<Digest, InputDocument> distinct;
  for (Unpacker reader(hashed); !reader.done();) {
    const auto& file = files[static_cast<std::size_t>(reader.get<std::int64_t>())];
    const auto hash = reader.get<Digest>();
    const auto format = reader.get<std::string>();
    const auto problem = reader.get<std::string>();
    if (!problem.empty()) {
      inputs.failed.push_back({file.name, std::string(corpus::reason::unreadable), problem});
      continue;
    }
    if (file.place.on_s3()) known[cache.id(file.place)] = {hash, format};
    auto& document = distinct[hash];
    document.names.push_back(file.name);
    if (document.place.path.empty() || file.place.path < document.place.path) document.place = file.place;
    document.hash = hash;
    document.format = format;
    document.bytes = file.place.bytes;
  }
  for (auto& [hash, document] : distinct) {
    std::ranges::sort(document.names);
    inputs.documents.push_back(std::move(document));
  }
  return inputs;
}

/// Whether `path` is `folder` or lies in it. Either may be on S3.
bool lies_in(const std::string& path, const std::string& folder) {
  if (storage::is_url(path) != storage::is_url(folder)) return false;
  if (storage::is_url(path)) {
    const auto outer = storage::parse_url(folder).below("").text();
    return storage::parse_url(path).below("").text().starts_with(outer);
  }
  std::error_code ignored;
  const auto inner = std::filesystem::weakly_canonical(path, ignored);
  const auto outer = std::filesystem::weakly_canonical(folder, ignored);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace

Inputs list_inputs(comm::Communicator& comm, const config::Config& config, storage::Service* service,
                   bool keeps, const Pulse& pulse) {
  const ObjectCache cache(config.sweep.state, service);
  std::vector<Listed> files;
  std::vector<FailedDocument> failed;
  std::vector<Share> unknown;
  std::vector<Hashed> found;
  std::map<Digest, Known> known;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    auto listing = list_all(config.corpus, service, pulse);
    files = std::move(listing.documents);
    failed = std::move(listing.failed);
    known = cache.load_known();
    unknown = choose_unknown(files, cache, known, keeps ? config.s3.cache_mb << 20 : 0, found);
  });
  const auto share = deal(comm, unknown);
  comm::agree(comm, [&] {
    for (auto& one : hash_share(share, cache, pulse)) found.push_back(std::move(one));
  });
  const auto message = pack(found);
  const auto all = comm.gather_v(std::span<const char>(message), 0);
  Inputs inputs;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    const auto before = known.size();
    inputs = merge(files, std::string_view(all.values.data(), all.values.size()), cache, known);
    inputs.files += std::ssize(failed);
    inputs.failed.insert(inputs.failed.end(), failed.begin(), failed.end());
    std::ranges::sort(inputs.failed, {}, &FailedDocument::name);
    if (keeps && known.size() != before) cache.save_known(known);
  });
  return inputs;
}

std::vector<Bucket> make_buckets(comm::Communicator& comm, const Inputs& inputs, std::int64_t bucket_count) {
  std::vector<Bucket> buckets;
  if (comm.rank() == 0) {
    std::map<std::int64_t, std::vector<Digest>> hashes;
    std::map<std::int64_t, std::int64_t> bytes;
    for (const auto& document : inputs.documents) {
      const auto number = bucket_number(document.hash, bucket_count);
      hashes[number].push_back(document.hash);
      bytes[number] += document.bytes;
    }
    for (const auto& [number, list] : hashes)
      buckets.push_back({number, content_of(list), bytes[number], std::ssize(list)});
  }
  auto count = std::ssize(buckets);
  comm.broadcast(std::span<std::ptrdiff_t>(&count, 1), 0);
  buckets.resize(static_cast<std::size_t>(count));
  comm.broadcast(std::span<Bucket>(buckets), 0);
  return buckets;
}

void check_folders_apart(comm::Communicator& comm, const config::Config& config) {
  comm::agree(comm, [&] {
    for (const auto& source : config.corpus.sources) {
      for (const auto& [key, folder] :
           {std::pair{"sweep.state", config.sweep.state}, {"sweep.output", config.sweep.output}}) {
        if (!lies_in(folder, source)) continue;
        throw ConfigError(
            fmt::format("{} = \"{}\" lies in corpus.sources = \"{}\": the next run would read its own files; "
                        "move one of the two",
                        key, folder, source));
      }
    }
  });
}

void check_corpus(comm::Communicator& comm, const config::Config& config, const Inputs& inputs) {
  comm::agree(comm, [&] {
    if (comm.rank() == 0 && inputs.documents.empty()) {
      throw CorpusError(fmt::format("{}", fmt::join(config.corpus.sources, ", ")), 0,
                        "no documents here; corpus.sources names folders, files or s3://BUCKET/PREFIX");
    }
  });
}

std::vector<Digest> broadcast_sealed(comm::Communicator& comm, const state::PartStore& parts) {
  std::vector<Digest> keys;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    parts.prepare();
    keys = parts.list();
  });
  auto count = std::ssize(keys);
  comm.broadcast(std::span<std::ptrdiff_t>(&count, 1), 0);
  keys.resize(static_cast<std::size_t>(count));
  comm.broadcast(std::span<Digest>(keys), 0);
  return keys;
}

}  // namespace dream::sweep
