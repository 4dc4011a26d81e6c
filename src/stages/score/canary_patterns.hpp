#pragma once
#include <string_view>

namespace dream::score {

/// inputs/canaries.txt, which the build puts into the program (cmake/embed_texts.cmake).
extern const std::string_view canaries_txt;

}  // namespace dream::score
