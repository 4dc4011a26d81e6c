#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reader/formats.hpp"
#include "reader/html_text.hpp"

namespace dream::reader {
namespace {

struct Free {
  void operator()(cmark_parser* p) const { cmark_parser_free(p); }
  void operator()(cmark_node* n) const { cmark_node_free(n); }
  void operator()(cmark_iter* i) const { cmark_iter_free(i); }
};

/// Writes the text of a document's nodes: paragraphs and code as they stand, headings and list items as
/// lines, a blank line between blocks. Links keep their text, pictures their description; addresses go.
class Writer {
 public:
  void visit(cmark_event_type event, cmark_node* node) {
    const std::string_view type = cmark_node_get_type_string(node);
    if (event == CMARK_EVENT_ENTER) {
      enter(type, node);
    } else {
      leave(type, node);
    }
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void enter(std::string_view type, cmark_node* node) {
    if (type == "text") {
      put(without_data_uris(literal(node)));
    } else if (type == "code") {
      put(literal(node));
    } else if (type == "softbreak" || type == "linebreak") {
      put("\n");
    } else if (type == "html_inline") {
      put(html_text(literal(node)));
    } else if (type == "html_block") {
      put(without_data_uris(html_text(literal(node))));
      gap(node);
    } else if (type == "code_block") {
      auto code = literal(node);
      while (code.ends_with('\n')) code.remove_suffix(1);
      put(code);
      gap(node);
    } else if (type == "list") {
      ++depth_;
      numbers_.push_back(cmark_node_get_list_start(node));
    } else if (type == "item" || type == "tasklist") {
      put(marker(node));
    } else if (type == "table_cell" && cmark_node_previous(node) != nullptr) {
      put(" | ");
    }
  }

  void leave(std::string_view type, cmark_node* node) {
    if (type == "list") {
      --depth_;
      numbers_.pop_back();
      pending_ = std::max(pending_, depth_ > 0 ? 1 : 2);
    } else if (type == "table_row" || type == "table_header") {
      pending_ = std::max(pending_, 1);
    } else if (type == "table") {
      pending_ = 2;
    } else if (type == "item" || type == "tasklist") {
      pending_ = std::max(pending_, 1);
    } else if (type == "paragraph" || type == "heading") {
      gap(node);
    }
  }

  static std::string_view literal(cmark_node* node) {
    const char* text = cmark_node_get_literal(node);
    return text != nullptr ? text : "";
  }

  /// The break after a block: one line end inside a tight list, else a blank line.
  void gap(cmark_node* node) {
    auto* item = cmark_node_parent(node);
    auto* list = item != nullptr ? cmark_node_parent(item) : nullptr;
    const bool tight = list != nullptr && cmark_node_get_type(list) == CMARK_NODE_LIST &&
                       cmark_node_get_list_tight(list) != 0;
    pending_ = std::max(pending_, tight ? 1 : 2);
  }

  [[nodiscard]] std::string marker(cmark_node* item) {
    // Deep nesting is an attack on parsers, not a list that people wrote; its indentation would be quadratic.
    std::string text(2 * static_cast<std::size_t>(std::clamp(depth_ - 1, 0, 8)), ' ');
    auto* list = cmark_node_parent(item);
    if (cmark_node_get_list_type(list) != CMARK_ORDERED_LIST) return text + "- ";
    const char* delimiter = cmark_node_get_list_delim(list) == CMARK_PAREN_DELIM ? ") " : ". ";
    return text + std::to_string(numbers_.back()++) + delimiter;
  }

  void put(std::string_view text) {
    if (text.empty()) return;
    if (!out_.empty()) out_.append(static_cast<std::size_t>(pending_), '\n');
    pending_ = 0;
    out_ += text;
  }

  std::string out_;
  int pending_ = 0;           // line ends that are due before the next text
  int depth_ = 0;             // of lists
  std::vector<int> numbers_;  // of the next item of each open list
};

std::string as_text(cmark_node* document) {
  Writer writer;
  const std::unique_ptr<cmark_iter, Free> iter(cmark_iter_new(document));
  for (auto event = cmark_iter_next(iter.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(iter.get())) {
    writer.visit(event, cmark_iter_get_node(iter.get()));
  }
  return writer.take();
}

std::string_view take_line(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Takes a YAML head (from "---" to "---" or "...") off the text and returns its lines: in Markdown it would
/// read as a rule and a heading. Without an end among the first lines it is no head but a rule.
std::string take_front_matter(std::string_view& text) {
  constexpr int most_lines = 100;
  auto rest = text;
  if (take_line(rest) != "---") return "";
  std::string head;
  for (int i = 0; i < most_lines && !rest.empty(); ++i) {
    const auto line = take_line(rest);
    if (line == "---" || line == "...") {
      text = rest;
      return head + "\n";
    }
    head.append(line).append("\n");
  }
  return "";
}

}  // namespace

corpus::ReadResult read_markdown(std::string_view bytes) {
  auto decoded = read_plain_text(bytes);
  if (!decoded.ok()) return decoded;
  std::string_view text = decoded.pages.at(0);
  const auto head = take_front_matter(text);
  cmark_gfm_core_extensions_ensure_registered();
  const std::unique_ptr<cmark_parser, Free> parser(cmark_parser_new(CMARK_OPT_DEFAULT | CMARK_OPT_UNSAFE));
  for (const char* name : {"table", "strikethrough", "tasklist"}) {
    if (auto* extension = cmark_find_syntax_extension(name))
      cmark_parser_attach_syntax_extension(parser.get(), extension);
  }
  cmark_parser_feed(parser.get(), text.data(), text.size());
  const std::unique_ptr<cmark_node, Free> document(cmark_parser_finish(parser.get()));
  return {"", true, decoded.detail, {head + as_text(document.get())}};
}

}  // namespace dream::reader
