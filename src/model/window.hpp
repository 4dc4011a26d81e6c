#pragma once
#include <cstdint>
#include <filesystem>

#include "model/network.hpp"
#include "text/model_tokenizer.hpp"

namespace dream::model {

/// The longest input, special tokens included, that the network and the folder's configs allow. Throws
/// ModelError when the tokenizer does not match the network.
[[nodiscard]] std::int64_t read_window(const std::filesystem::path& folder, const Network& network,
                                       const text::ModelTokenizer& text);

}  // namespace dream::model
