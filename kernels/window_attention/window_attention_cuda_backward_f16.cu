#include "kernels/window_attention/window_attention_cuda_backward_launch.cuh"

namespace omniq::kernels::detail {

OMNIQ_INSTANTIATE_BACKWARD(__half)

}  // namespace omniq::kernels::detail
