#include "reader/formats.hpp"

#include <algorithm>
#include <string>

#include "corpus/collection.hpp"

namespace dream::reader {
namespace {

using corpus::failed;
using corpus::ReadResult;
namespace reason = corpus::reason;

ReadResult parse(std::string_view format, std::string_view bytes, std::size_t most_bytes) {
  if (format == "pdf") return read_pdf(bytes, most_bytes);
  if (format == "md") return read_markdown(bytes);
  if (format == "txt") return read_plain_text(bytes);
  if (format == corpus::member_format) return read_collection_member(bytes);
  return failed(reason::unsupported_format, "no reader for this format");
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

}  // namespace

ReadResult extract(std::string_view format, std::string_view bytes, std::size_t most_bytes) {
  auto result = parse(format, bytes, most_bytes);
  if (!result.ok()) return result;
  std::size_t size = 0;
  for (const auto& page : result.pages) size += page.size();
  if (size > most_bytes)
    return failed(reason::output_limit, "more text than " + std::to_string(most_bytes) + " bytes");
  if (std::all_of(result.pages.begin(), result.pages.end(),
                  [](const auto& page) { return is_blank(page); })) {
    return failed(reason::no_text, std::to_string(result.pages.size()) + " pages without any text");
  }
  return result;
}

void warm_up() {
  warm_up_pdf();
  // Both open what they need of ICU and keep it: detection, and a converter of each family.
  (void)read_plain_text("\xa4\xa4\xa4\xe5");
  (void)read_markdown("*a*");
}

}  // namespace dream::reader
