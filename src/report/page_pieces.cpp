#include "report/page_pieces.hpp"

#include <algorithm>
#include <cmath>

namespace dream::report {

using json = nlohmann::ordered_json;

double shown(double value) { return std::round(value * 1e6) / 1e6; }

std::string cut(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  auto end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + " […]";
}

Shelf::Shelf(const Material& m, const PageLimits& limits)
    : material_(m), left_(limits.texts), longest_(limits.text) {}

json Shelf::text(const std::string& text) {
  const auto [found, fresh] = text_numbers_.try_emplace(text, texts_.size());
  if (!fresh) return found->second;
  auto part = cut(text, longest_);
  // A byte of text takes at most six in the page.
  const auto special = std::ranges::count_if(part, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&' || c == '"' || c == '\\';
  });
  const auto bytes = part.size() + 5 * static_cast<std::size_t>(special) + 3;
  if (bytes > left_) {
    text_numbers_.erase(found);
    return nullptr;
  }
  left_ -= bytes;
  texts_.push_back(std::move(part));
  return found->second;
}

std::size_t Shelf::passage(int method, const parts::Context& context) {
  const auto& chunk = context.retrieved.chunk;
  const auto [found, fresh] = passage_numbers_.try_emplace({method, chunk}, passages_.size());
  if (!fresh) return found->second;
  passages_.push_back({{"name", chunk_name(method, chunk)},
                       {"file", text(material_.finished.outcome.document_names.at(chunk.document))},
                       {"first", context.first_page},
                       {"last", context.last_page},
                       {"text", text(context.text)}});
  return found->second;
}

}  // namespace dream::report
