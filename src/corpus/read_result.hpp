#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dream::corpus {

/// Why a document gave no text. Codes are words that outputs carry; docs/errors.md explains them.
namespace reason {
inline constexpr std::string_view encrypted = "encrypted";        ///< needs a password
inline constexpr std::string_view no_text = "no_text";            ///< readable, and without any text (a scan)
inline constexpr std::string_view parse_error = "parse_error";    ///< too broken to read
inline constexpr std::string_view crash = "crash";                ///< its parser died on it
inline constexpr std::string_view timeout = "timeout";            ///< more time than the limit
inline constexpr std::string_view memory = "memory";              ///< more memory than the limit
inline constexpr std::string_view output_limit = "output_limit";  ///< more text than the limit
inline constexpr std::string_view unsupported_format = "unsupported_format";  ///< no reader for this type
inline constexpr std::string_view empty = "empty";                            ///< a file of zero bytes
inline constexpr std::string_view unreadable = "unreadable";  ///< the file itself cannot be read
}  // namespace reason

/// What reading one document gave: pages of UTF-8 text, or a reason. A document without pages (md, txt) is
/// one page.
struct ReadResult {
  std::string reason;  ///< empty: `pages` holds; else a code of namespace reason
  bool final = true;   ///< false: the next run tries again
  std::string detail;  ///< one sentence for people; may be set beside pages ("page 3 is broken")
  std::vector<std::string> pages;

  [[nodiscard]] bool ok() const { return reason.empty(); }
};

/// A result without text. What the bytes alone decide is final (also a crash: it has been met twice, or in a
/// fresh reader). What a limit or the machine decides is not (timeout, memory, output_limit, unreadable):
/// limits are no part of a document's key, so after raising one the next run must ask again.
[[nodiscard]] ReadResult failed(std::string_view reason, std::string detail);

/// Whether a code is final in the sense of failed().
[[nodiscard]] bool is_final(std::string_view reason);

/// Whether a code is one of namespace reason.
[[nodiscard]] bool is_reason(std::string_view code);

}  // namespace dream::corpus
