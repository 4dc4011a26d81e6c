#include "storage/ingest.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "storage/url.hpp"

namespace dream::storage {

using nlohmann::json;

std::string print_manifest(const std::vector<Ingested>& objects) {
  auto sorted = objects;
  std::ranges::sort(sorted, {}, &Ingested::key);
  auto list = json::array();
  for (const auto& one : sorted) {
    list.push_back({{"key", one.key},
                    {"bytes", one.bytes},
                    {"sum", one.sum},
                    {"etag", one.etag},
                    {"source", one.source}});
  }
  const json manifest = {{"format", "dream_ingest manifest 1"}, {"objects", list}};
  return manifest.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::map<std::string, Ingested> parse_manifest(std::string_view text) {
  std::map<std::string, Ingested> objects;
  const auto manifest = json::parse(text, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("objects")) return objects;
  for (const auto& one : manifest["objects"]) {
    try {
      const auto key = one.at("key").get<std::string>();
      objects[key] = {key, one.at("bytes"), one.at("sum"), one.at("etag"), one.at("source")};
    } catch (const json::exception&) {
    }
  }
  return objects;
}

bool is_unchanged(const Object& listed, std::int64_t bytes, const std::string& sum,
                  const std::map<std::string, Ingested>& manifest) {
  if (listed.bytes != bytes) return false;
  if (listed.etag == sum) return true;
  const auto at = manifest.find(listed.key);
  return at != manifest.end() && at->second.etag == listed.etag && at->second.sum == sum &&
         at->second.bytes == bytes;
}

std::vector<std::string> parse_source_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos || line[begin] == '#') continue;
    line = line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
    lines.emplace_back(line);
  }
  return lines;
}

std::string name_of_address(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const auto slash = url.find_last_of('/');
  return slash == std::string_view::npos ? "" : percent_decode(url.substr(slash + 1));
}

}  // namespace dream::storage
