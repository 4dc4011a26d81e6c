#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dream::net {

/// Knows the secrets of a run and takes them out of text. Whatever leaves the program (log, state, report,
/// error text) passes through one of these. A value; copying it copies the secrets.
class Redactor {
 public:
  /// Registers a secret, also as it looks percent-encoded in a URL and escaped in JSON. Empty text is
  /// ignored.
  void add(std::string_view secret);

  /// `text` with every occurrence of every secret replaced by "***"; where secrets overlap, the longest goes
  /// first.
  [[nodiscard]] std::string operator()(std::string_view text) const;

 private:
  void keep(std::string form);
  std::vector<std::string> forms_;  ///< longest first, no duplicates
};

}  // namespace dream::net
