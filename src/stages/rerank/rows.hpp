#pragma once
#include "stages/rerank/reranker.hpp"

/// The rows of the table in rerankers.cpp, each from the file of its name.
namespace dream::rerank {

[[nodiscard]] RerankerRow cross_encoder_row();

}  // namespace dream::rerank
