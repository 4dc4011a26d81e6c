#include <iconv.h>
#include <poppler-document.h>
#include <poppler-global.h>
#include <poppler-page.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "reader/formats.hpp"
#include "reader/preloaded_files.hpp"

namespace dream::reader {
namespace {

using corpus::failed;
using corpus::ReadResult;
namespace reason = corpus::reason;

/// One line of print on one page, so that loading and text extraction both happen once before the doors
/// close.
constexpr std::string_view smallest_pdf =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 "
    "R>>>>>>endobj\n"
    "4 0 obj<</Length 29>>stream\nBT /F 9 Tf 9 9 Td (warm) Tj ET\nendstream endobj\n"
    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

std::unique_ptr<poppler::document> open(std::string_view bytes) {
  return std::unique_ptr<poppler::document>(
      poppler::document::load_from_raw_data(bytes.data(), static_cast<int>(bytes.size())));
}

// Raw order is the order in which the page was drawn. Word processors and typesetters draw in reading order,
// column by column and table row by table row; poppler's own reading-order guess keeps columns too, but it
// reads tables column by column: in the 10-Q filings it parts "Total net sales" from its figures, and no
// chunk then holds both. Physical layout keeps rows, but mixes columns of prose, and two fifths of its bytes
// are blanks. Paragraph breaks, which raw order does not give, are set in corpus::clean().
std::string text_of(const poppler::page& page) {
  const auto utf8 = page.text(poppler::rectf(), poppler::page::raw_order_layout).to_utf8();
  return {utf8.begin(), utf8.end()};
}

/// "2 of 19 pages cannot be read: 3, 7"; empty when all could.
std::string broken_pages(const std::vector<int>& broken, int pages) {
  if (broken.empty()) return "";
  constexpr std::size_t shown = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(shown, broken.size()); ++i) {
    list += (i > 0 ? ", " : "") + std::to_string(broken[i]);
  }
  if (broken.size() > shown) list += ", ...";
  return std::to_string(broken.size()) + " of " + std::to_string(pages) + " pages cannot be read: " + list;
}

}  // namespace

ReadResult read_pdf(std::string_view bytes, std::size_t most_bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return failed(reason::parse_error, "a PDF of more than 2 GiB");
  }
  const auto document = open(bytes);
  if (!document) return failed(reason::parse_error, "not a PDF, or damaged beyond repair");
  if (document->is_locked()) return failed(reason::encrypted, "needs a password");
  const int pages = document->pages();
  if (pages <= 0) return failed(reason::parse_error, "no pages can be found");
  ReadResult result;
  std::vector<int> broken;
  std::size_t size = 0;
  for (int i = 0; i < pages; ++i) {
    const std::unique_ptr<poppler::page> page(document->create_page(i));
    if (!page) broken.push_back(i + 1);
    result.pages.push_back(page ? text_of(*page) : "");
    size += result.pages.back().size();
    if (size > most_bytes)
      return failed(reason::output_limit, "more text than " + std::to_string(most_bytes) + " bytes");
  }
  if (broken.size() == result.pages.size()) return failed(reason::parse_error, "no page can be read");
  result.detail = broken_pages(broken, pages);
  return result;
}

void warm_up_pdf() {
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  preload_files(DREAM_POPPLER_DATA);
  // poppler drops its table of data files with its last document and scans the folders again for the next;
  // and the C library drops a character set's module with its last user. Holding on to one of each is meant,
  // for ever.
  static const auto kept = open(smallest_pdf);
  static const iconv_t modules[] = {::iconv_open("UTF-8", "UTF-16"), ::iconv_open("UTF-16", "UTF-8")};
  (void)modules;
  (void)read_pdf(smallest_pdf, 100);
}

}  // namespace dream::reader
