#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/xml.hpp"

/// What dream_ingest decides, apart from reading and sending: which objects are there already, and the
/// manifest.
namespace dream::storage {

/// An object that dream_ingest has put, as the manifest tells it.
struct Ingested {
  std::string key;
  std::int64_t bytes = 0;
  std::string sum;     ///< etag_of_file(): what the bytes alone decide
  std::string etag;    ///< what the service said; differs from the sum where it encrypts
  std::string source;  ///< path or URL that it came from
  bool operator==(const Ingested&) const = default;
};

/// The manifest's name below the prefix. Hidden, so that no sweep takes it for a document.
constexpr std::string_view manifest_name = ".dream_ingest.json";

/// Sorted by key. The same objects give the same bytes.
[[nodiscard]] std::string print_manifest(const std::vector<Ingested>& objects);

/// By key. What is no manifest is an empty one: it only saves work.
[[nodiscard]] std::map<std::string, Ingested> parse_manifest(std::string_view json);

/// Whether the listed object holds bytes of this length and sum: its ETag says so, or the manifest remembers
/// which sum this ETag stood for.
[[nodiscard]] bool is_unchanged(const Object& listed, std::int64_t bytes, const std::string& sum,
                                const std::map<std::string, Ingested>& manifest);

/// The lines of a file of sources: blanks around them, empty ones and those that begin with # are passed
/// over.
[[nodiscard]] std::vector<std::string> parse_source_lines(std::string_view text);

/// The last part of a web address' path, decoded: "report 1.pdf" of "https://x.org/a/report%201.pdf?v=2".
/// Empty when it has none.
[[nodiscard]] std::string name_of_address(std::string_view url);

}  // namespace dream::storage
