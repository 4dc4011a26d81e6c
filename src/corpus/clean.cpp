#include "corpus/clean.hpp"

#include "corpus/normal_text.hpp"
#include "corpus/pdf_lines.hpp"

namespace dream::corpus {
namespace {

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

/// Runs of blank lines as one empty line; none at either end.
std::string without_blank_runs(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool gap = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (is_blank(line)) {
      gap = !out.empty();
      continue;
    }
    if (!out.empty()) out += gap ? "\n\n" : "\n";
    gap = false;
    out += line;
  }
  return out;
}

}  // namespace

Document clean(const Digest& hash, std::string_view format, const std::vector<std::string>& pages) {
  std::vector<std::string> normal;
  normal.reserve(pages.size());
  for (const auto& page : pages) normal.push_back(without_blank_runs(normal_text(page)));
  if (format == "pdf") {
    const WordTable words(normal);
    for (auto& page : normal) page = flow_lines(page, words);
  }
  Document document{hash, {}, {}};
  for (const auto& page : normal) {
    // A sentence may go on across a page break, so there the pages are joined like lines.
    if (!document.text.empty() && !page.empty()) {
      document.text += format == "pdf" && !ends_sentence(document.text) ? "\n" : "\n\n";
    }
    document.page_begin.push_back(static_cast<std::int64_t>(document.text.size()));
    document.text += page;
  }
  if (document.page_begin.empty()) document.page_begin.push_back(0);
  // An empty page has nothing of its own: it begins where the next page with text does.
  for (auto i = document.page_begin.size() - 1; i-- > 0;) {
    if (normal[i].empty()) document.page_begin[i] = document.page_begin[i + 1];
  }
  return document;
}

}  // namespace dream::corpus
