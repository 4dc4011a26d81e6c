#include "storage/xml.hpp"

#include <fmt/format.h>

#include <ctime>
#include <pugixml.hpp>

#include "storage/url.hpp"

namespace dream::storage {
namespace {

/// The name without "s3:" or whatever prefix a service puts before it.
std::string_view local(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.find(':') + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  for (const auto& one : node.children()) {
    if (local(one) == name) return one;
  }
  return {};
}

std::string text(const pugi::xml_node& node, std::string_view name) {
  return child(node, name).child_value();
}

pugi::xml_node find(const pugi::xml_node& root, std::string_view name) {
  return root.find_node([name](const pugi::xml_node& node) { return local(node) == name; });
}

pugi::xml_document parse(std::string_view xml) {
  pugi::xml_document document;
  (void)document.load_buffer(xml.data(), xml.size());
  return document;
}

std::string unquoted(std::string etag) {
  std::erase(etag, '"');
  return etag;
}

}  // namespace

ListPage parse_list(std::string_view xml) {
  const auto document = parse(xml);
  const auto root = child(document, "ListBucketResult");
  ListPage page;
  page.whole = !root.empty() && !child(root, "IsTruncated").empty();
  const bool encoded = text(root, "EncodingType") == "url";
  for (const auto& node : root.children()) {
    if (local(node) != "Contents") continue;
    auto key = text(node, "Key");
    if (encoded) key = percent_decode(key, true);
    page.objects.push_back({"", std::move(key), child(node, "Size").text().as_llong(),
                            unquoted(text(node, "ETag")), text(node, "LastModified")});
  }
  if (text(root, "IsTruncated") == "true") {
    page.next = text(root, "NextContinuationToken");
    page.whole = page.whole && !page.next.empty();
  }
  return page;
}

ServiceError parse_error(std::string_view xml) {
  const auto document = parse(xml);
  const auto error = find(document, "Error");
  ServiceError found{text(error, "Code"), text(error, "Message"), text(error, "Region")};
  if (found.message.size() > 300) found.message.resize(300);
  return found;
}

std::string parse_upload_id(std::string_view xml) {
  const auto document = parse(xml);
  return text(child(document, "InitiateMultipartUploadResult"), "UploadId");
}

std::string parse_etag(std::string_view xml) {
  const auto document = parse(xml);
  return unquoted(find(document, "ETag").child_value());
}

std::string parts_xml(const std::vector<std::string>& etags) {
  std::string out = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i)
    out += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag></Part>", i + 1, etags[i]);
  return out + "</CompleteMultipartUpload>";
}

std::optional<AssumedRole> parse_assumed_role(std::string_view xml) {
  const auto document = parse(xml);
  const auto keys = find(document, "Credentials");
  AssumedRole role{text(keys, "AccessKeyId"), text(keys, "SecretAccessKey"), text(keys, "SessionToken"),
                   parse_time(text(keys, "Expiration"))};
  if (role.access_key.empty() || role.secret_key.empty()) return std::nullopt;
  return role;
}

std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text) {
  std::tm parts{};
  const char* end = ::strptime(std::string(text).c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace dream::storage
