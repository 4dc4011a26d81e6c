#include "stages/score/quantities.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace dream::score {
namespace {

constexpr double relative_tolerance = 0.01;

/// A word or sign and what it stands for.
template <class T>
using Meaning = std::pair<std::string_view, T>;

constexpr std::array<Meaning<const char*>, 9> signs{{{"US$", "USD"},
                                                     {"$", "USD"},
                                                     {"€", "EUR"},
                                                     {"£", "GBP"},
                                                     {"¥", "JPY"},
                                                     {"₹", "INR"},
                                                     {"usd ", "USD"},
                                                     {"eur ", "EUR"},
                                                     {"gbp ", "GBP"}}};
constexpr std::array<Meaning<const char*>, 14> units{{{"percentage points", "%"},
                                                      {"percentage point", "%"},
                                                      {"per cent", "%"},
                                                      {"percent", "%"},
                                                      {"%", "%"},
                                                      {"us dollars", "USD"},
                                                      {"dollars", "USD"},
                                                      {"usd", "USD"},
                                                      {"euros", "EUR"},
                                                      {"eur", "EUR"},
                                                      {"€", "EUR"},
                                                      {"pounds", "GBP"},
                                                      {"gbp", "GBP"},
                                                      {"yen", "JPY"}}};
constexpr std::array<Meaning<double>, 16> scales{{{"thousands", 1e3},
                                                  {"thousand", 1e3},
                                                  {"k", 1e3},
                                                  {"millions", 1e6},
                                                  {"million", 1e6},
                                                  {"mn", 1e6},
                                                  {"mm", 1e6},
                                                  {"m", 1e6},
                                                  {"billions", 1e9},
                                                  {"billion", 1e9},
                                                  {"bn", 1e9},
                                                  {"b", 1e9},
                                                  {"trillions", 1e12},
                                                  {"trillion", 1e12},
                                                  {"tn", 1e12},
                                                  {"t", 1e12}}};
constexpr std::array<std::string_view, 3> basis_points{"basis points", "basis point", "bps"};
constexpr std::array<std::string_view, 3> minus_signs{"-", "−", "–"};
/// Between groups of three digits; a plain space would join numbers that stand beside each other.
constexpr std::array<std::string_view, 6> separators{",", ".", "'", "’", "\xC2\xA0", "\xE2\x80\xAF"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Bytes of other scripts count as letters.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

std::string small_letters(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// Whether the text, at this byte, goes on with `word` and not with more letters of a longer word.
bool has_word(std::string_view text, std::size_t at, std::string_view word) {
  if (text.substr(at, word.size()) != word) return false;
  const auto end = at + word.size();
  return !is_letter(word.back()) || end == text.size() || !(is_letter(text[end]) || is_digit(text[end])) ||
         static_cast<unsigned char>(word.back()) >= 0x80;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(small_letters(text)) {}

  std::vector<Quantity> scan() {
    std::vector<Quantity> out;
    for (std::size_t at = 0; at < text_.size();) {
      if (!is_digit(text_[at]) && !(text_[at] == '.' && at + 1 < text_.size() && is_digit(text_[at + 1]) &&
                                    (at == 0 || !is_digit(text_[at - 1])))) {
        ++at;
        continue;
      }
      const auto begin = at;
      Quantity quantity = read_number(at);
      const bool name = is_in_name(begin, at);
      if (!name) finish(quantity, begin, at);
      if (!name) out.push_back(std::move(quantity));
    }
    return out;
  }

 private:
  [[nodiscard]] char before(std::size_t at) const { return at > 0 ? text_[at - 1] : ' '; }
  [[nodiscard]] char byte(std::size_t at) const { return at < text_.size() ? text_[at] : ' '; }

  /// "2. " or "2) " at the beginning of a further line.
  [[nodiscard]] bool is_list_marker(std::size_t begin, std::size_t end) const {
    if (end - begin > 2 || (byte(end) != '.' && byte(end) != ')') || end + 1 >= text_.size()) return false;
    const auto line = text_.find_last_not_of(' ', begin == 0 ? 0 : begin - 1);
    return text_[end + 1] == ' ' && begin > 0 && line != std::string::npos && text_[line] == '\n';
  }

  /// "Q3", "covid-19", "10-k".
  [[nodiscard]] bool is_in_name(std::size_t begin, std::size_t end) const {
    const char left = before(begin);
    if (left >= 'a' && left <= 'z') return true;
    if (is_list_marker(begin, end)) return true;
    if (left == '-' && begin >= 2 && text_[begin - 2] >= 'a' && text_[begin - 2] <= 'z') return true;
    return byte(end) == '-' && is_letter(byte(end + 1)) && !is_letter(byte(end + 2));
  }

  /// Bytes of a separator that three digits, and no fourth, follow; 0 for none.
  [[nodiscard]] std::size_t group_at(std::size_t at, std::string_view separator) const {
    if (std::string_view(text_).substr(at, separator.size()) != separator) return 0;
    const auto digits = at + separator.size();
    const bool three = is_digit(byte(digits)) && is_digit(byte(digits + 1)) && is_digit(byte(digits + 2));
    return three && !is_digit(byte(digits + 3)) ? separator.size() : 0;
  }

  /// The digits of "1,234,567.8" as 1234567.8; `at` ends behind them.
  Quantity read_number(std::size_t& at) {
    std::string digits;
    while (is_digit(byte(at))) digits += text_[at++];
    if (!digits.empty() && digits.size() <= 3) read_groups(digits, at);
    std::int64_t decimals = 0;
    if ((byte(at) == '.' || byte(at) == ',') && is_digit(byte(at + 1))) {
      digits += '.';
      for (++at; is_digit(byte(at)); ++at, ++decimals) digits += text_[at];
    }
    Quantity out;
    std::from_chars(digits.data(), digits.data() + digits.size(), out.value);
    out.resolution = std::pow(10.0, -static_cast<double>(decimals));
    return out;
  }

  void read_groups(std::string& digits, std::size_t& at) const {
    for (const auto separator : separators) {
      if (group_at(at, separator) == 0) continue;
      // One point with three digits behind it is a fraction (1.234), two are groups (1.234.567).
      if (separator == "." && group_at(at + 4, separator) == 0 && byte(at + 4) != ',') return;
      while (group_at(at, separator) > 0) {
        at += separator.size();
        digits.append(text_, at, 3);
        at += 3;
      }
      return;
    }
  }

  /// Scale, unit and sign of a number that stands in [begin, at).
  void finish(Quantity& quantity, std::size_t begin, std::size_t& at) {
    const bool whole = quantity.resolution == 1 && at - begin == 4;
    auto left = begin;
    for (const auto& [sign, unit] : signs) {
      const auto size = sign.size();
      if (left >= size && small_letters(sign) == std::string_view(text_).substr(left - size, size)) {
        quantity.unit = unit;
        left -= size;
        break;
      }
    }
    read_scale(quantity, at);
    read_unit(quantity, at);
    // "(1,234)" is a loss, "(2022)" a year.
    const bool closed = before(left) == '(' && (byte(at) == ')' || (byte(at) == '%' && byte(at + 1) == ')'));
    const bool year = whole && quantity.unit.empty() && quantity.value >= 1900 && quantity.value < 2100;
    if ((closed && !year) || is_negative(left)) quantity.value = -quantity.value;
    if (closed && byte(at + 1) == '%') quantity.unit = "%", at += 2;
  }

  /// A dash that follows a digit or a letter is a range or a hyphen.
  [[nodiscard]] bool is_negative(std::size_t left) const {
    for (const auto sign : minus_signs) {
      if (left < sign.size() || std::string_view(text_).substr(left - sign.size(), sign.size()) != sign)
        continue;
      const char far = before(left - sign.size());
      return !is_digit(far) && !is_letter(far) && far != '%';
    }
    return false;
  }

  [[nodiscard]] std::size_t past_space(std::size_t at) const {
    if (byte(at) == '-') return at + 1;  // "1.2-billion"
    while (byte(at) == ' ' && at < text_.size()) ++at;
    return std::string_view(text_).substr(at, 2) == "\xC2\xA0" ? at + 2 : at;
  }

  void read_scale(Quantity& quantity, std::size_t& at) const {
    const auto next = past_space(at);
    for (const auto& [word, factor] : scales) {
      // A letter alone must touch its number: "5 m" may be metres, "section 5 b" a section.
      if (word.size() == 1 && next != at) continue;
      if (!has_word(text_, next, word)) continue;
      quantity.value *= factor;
      quantity.resolution *= factor;
      at = next + word.size();
      return;
    }
  }

  void read_unit(Quantity& quantity, std::size_t& at) const {
    const auto next = past_space(at);
    for (const auto word : basis_points) {
      if (!has_word(text_, next, word)) continue;
      quantity = {quantity.value / 100, quantity.resolution / 100, "%"};
      at = next + word.size();
      return;
    }
    for (const auto& [word, unit] : units) {
      if (!has_word(text_, next, word)) continue;
      quantity.unit = unit;
      at = next + word.size();
      return;
    }
  }

  std::string text_;
};

}  // namespace

std::vector<Quantity> quantities_of(std::string_view text) { return Scanner(text).scan(); }

bool same_quantity(const Quantity& a, const Quantity& b) {
  if (a.unit != b.unit && (a.unit == "%" || b.unit == "%" || (!a.unit.empty() && !b.unit.empty())))
    return false;
  const double difference = std::abs(a.value - b.value);
  // A little more than half: 0.125 is 0.13 and 0.12.
  const double half = 0.5000001 * std::max(a.resolution, b.resolution);
  return difference <= half &&
         difference <= relative_tolerance * std::max(std::abs(a.value), std::abs(b.value));
}

}  // namespace dream::score
