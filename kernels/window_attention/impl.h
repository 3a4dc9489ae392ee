// What window_attention() is made of.
#pragma once

#include "kernels/window_attention/cuda/launch.h"
#include "kernels/window_attention/window_attention.h"

namespace omniq::kernels::detail {

/// window_attention() by the CUDA kernels, differentiable; arguments as there, which have been
/// checked. `bias.lanes` is defined.
at::Tensor window_attention_cuda(const at::Tensor& qkv, const WindowBias& bias,
                                 const at::Tensor& padding, const at::Tensor& keep,
                                 const WindowAttentionShape& shape);

}  // namespace omniq::kernels::detail
