#include "net/redact.hpp"

#include <algorithm>

namespace dream::net {
namespace {

std::string percent_encoded(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void Redactor::keep(std::string form) {
  if (form.empty() || std::find(forms_.begin(), forms_.end(), form) != forms_.end()) return;
  forms_.push_back(std::move(form));
  std::stable_sort(forms_.begin(), forms_.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

void Redactor::add(std::string_view secret) {
  keep(std::string(secret));
  keep(percent_encoded(secret));
  keep(json_escaped(secret));
}

std::string Redactor::operator()(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto hit = std::find_if(forms_.begin(), forms_.end(),
                                  [text](const auto& form) { return text.substr(0, form.size()) == form; });
    if (hit == forms_.end()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += "***";
      text.remove_prefix(hit->size());
    }
  }
  return out;
}

}  // namespace dream::net
