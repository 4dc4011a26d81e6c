#pragma once
#include <cstddef>
#include <string_view>

#include "corpus/read_result.hpp"

/// The parsers of untrusted documents. They run inside the sandbox of dream_reader and nowhere else.
namespace dream::reader {

/// Reads one document. `format`: pdf, md, txt or beir (a line of a collection), anything else gives
/// `unsupported_format`. More than `most_bytes` of text give `output_limit`. Throws std::bad_alloc when
/// memory ends.
[[nodiscard]] corpus::ReadResult extract(std::string_view format, std::string_view bytes,
                                         std::size_t most_bytes);

[[nodiscard]] corpus::ReadResult read_pdf(std::string_view bytes, std::size_t most_bytes);
[[nodiscard]] corpus::ReadResult read_markdown(std::string_view bytes);
[[nodiscard]] corpus::ReadResult read_plain_text(std::string_view bytes);
/// The title, a blank line, and the text.
[[nodiscard]] corpus::ReadResult read_collection_member(std::string_view bytes);

/// Opens, before the doors close, every file that the parsers could ask for later: poppler's tables for CJK
/// fonts (kept in memory), the C library's character sets, ICU's converters.
void warm_up();
/// The part of warm_up() that belongs to poppler.
void warm_up_pdf();

}  // namespace dream::reader
