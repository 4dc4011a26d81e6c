#pragma once
#include "stages/embed/embedder.hpp"

/// The rows of the table in embedders.cpp, each from the file of its name.
namespace dream::embed {

[[nodiscard]] EmbedderRow transformer_row();
[[nodiscard]] EmbedderRow hash_row();

}  // namespace dream::embed
