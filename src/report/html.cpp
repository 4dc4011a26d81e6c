#include "report/html.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.hpp"
#include "base/file.hpp"
#include "report/deflate.hpp"
#include "report/page.hpp"

namespace dream::report {
namespace {

/// JSON that is safe inside a script element. These characters stand in strings only, where \u means the
/// same; U+2028 and U+2029 end a line for some readers of scripts.
std::string escaped(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto rest = json.substr(i, 3);
    if (json[i] == '<')
      out += "\\u003c";
    else if (json[i] == '>')
      out += "\\u003e";
    else if (json[i] == '&')
      out += "\\u0026";
    else if (rest == "\xe2\x80\xa8")
      out += "\\u2028", i += 2;
    else if (rest == "\xe2\x80\xa9")
      out += "\\u2029", i += 2;
    else
      out += json[i];
  }
  return out;
}

using Filling = std::pair<std::string_view, std::string_view>;

/// Replaces {{name}} in the template; what is filled in is not looked at again.
template <std::size_t n>
std::string filled(std::string_view text, const std::array<Filling, n>& fillings) {
  std::string out;
  while (!text.empty()) {
    const auto open = std::min(text.find("{{"), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const auto close = text.find("}}");
    const auto name = text.substr(2, close - 2);
    for (const auto& [key, value] : fillings) {
      if (key == name) out += value;
    }
    text.remove_prefix(close + 2);
  }
  return out;
}

/// One script of all, in the order in which they define what the next ones use.
std::string script() {
  std::string all = "'use strict';\n";
  for (const auto part :
       {page::data_js, page::elements_js, page::words_js, page::columns_js, page::brushes_js, page::head_js,
        page::table_js, page::hold_out_js, page::axes_js, page::price_js, page::answers_js, page::stages_js,
        page::failures_js, page::start_js})
    all += part;
  return all;
}

}  // namespace

std::string page_of(std::string_view data, std::string_view measured) {
  auto all = nlohmann::ordered_json::parse(data);
  all["measured"] = nlohmann::ordered_json::parse(measured);
  nlohmann::ordered_json texts = nlohmann::ordered_json::array();
  if (const auto found = all.find("texts"); found != all.end()) {
    texts = std::move(*found);
    all.erase(found);
  }
  const auto block = escaped(all.dump());
  const auto packed = deflated(texts.dump());
  // The policy runs only what bears this word, and a text cannot hold the digest of what it is part of.
  const auto nonce = digest_of(block + packed).hex();
  const auto code = script();
  return filled(page::report_html, std::array<Filling, 5>{{{"nonce", nonce},
                                                           {"style", page::report_css},
                                                           {"script", code},
                                                           {"data", block},
                                                           {"texts", packed}}});
}

void write_page(const std::filesystem::path& folder, std::string_view data, std::string_view measured) {
  write_file(folder / "report.html", page_of(data, measured));
}

}  // namespace dream::report
