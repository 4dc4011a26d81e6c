#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "text/tokenizer.hpp"

namespace dream::bench {

/// Texts that are embedded together.
struct Set {
  std::string name;
  std::vector<std::string> texts;
  std::vector<std::int64_t> tokens;  ///< of each, two special ones included
};

/// From the .txt files of a folder, in the order of their names:
///   chunks  texts of 200 tokens, as a chunker cuts them
///   short   sentences of 4 to 60 tokens
///   mixed   texts of 8 to 256 tokens, every length as likely, in no order
/// `count` chunks and mixed texts, three times as many short ones.
[[nodiscard]] std::vector<Set> text_sets(const std::filesystem::path& folder,
                                         const text::Tokenizer& tokenizer, std::size_t count);

/// One JSON string a line, as peer.py reads them.
void write_lines(const Set& set, const std::filesystem::path& path);

}  // namespace dream::bench
