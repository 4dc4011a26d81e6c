#pragma once
#include "kernels/api/device_kernels.hpp"
#include "kernels/cuda/block.hpp"

/// What the files of this folder define, for the table.
namespace dream::kernels::DREAM_BACKEND {

void embedding(const Embedding& call, Element element, Stream stream);
void residual_norm(const ResidualNorm& call, Element element, Stream stream);
void activate(const Activate& call, Element element, Stream stream);
void sequence_attention(const SequenceAttention& call, Element element, Stream stream);
void sequence_pool(const SequencePool& call, Stream stream);
void normalise_rows(const NormaliseRows& call, Stream stream);
void top_k(const TopK& call, Stream stream);
void round_rows(const RoundRows& call, Element element, Stream stream);
void rescore(const Rescore& call, Stream stream);

}  // namespace dream::kernels::DREAM_BACKEND
