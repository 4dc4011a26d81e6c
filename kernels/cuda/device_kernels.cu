#include "kernels/cuda/device_kernels.hpp"

namespace dream::kernels::DREAM_BACKEND {

#define DREAM_NAME_OF(backend) #backend
#define DREAM_NAME(backend) DREAM_NAME_OF(backend)

const DeviceKernels& device_kernels() {
  static constexpr DeviceKernels table{DREAM_NAME(DREAM_BACKEND),
                                       embedding,
                                       residual_norm,
                                       activate,
                                       sequence_attention,
                                       sequence_pool,
                                       normalise_rows,
                                       top_k,
                                       round_rows,
                                       rescore};
  return table;
}

}  // namespace dream::kernels::DREAM_BACKEND
