// The implementations behind bidirectional_ssd(); arguments as there, already checked. An absent
// mask is an undefined tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace omniq::kernels::detail {

struct SsdInputs {
  at::Tensor u, delta, A, B, C, D_skip, delta_bias, mask;
};

/// Gradients in the order of SsdInputs without mask.
using SsdInputGradients = std::array<at::Tensor, 7>;

/// Whether there are CUDA kernels for these inputs; the composite takes the others.
bool has_cuda_kernels(const SsdInputs& in);

at::Tensor bidirectional_ssd_cuda(const SsdInputs& in);

/// Gradients of all inputs. For more than 64 tokens the states are computed again: with those of
/// the gradients they take 4 · H · P · N numbers for each 64 tokens of a clip.
SsdInputGradients bidirectional_ssd_cuda_backward(const SsdInputs& in, const at::Tensor& grad_y);

/// All pairs of tokens by torch operators, with torch's autograd, for any device. Memory grows with
/// B · H · L². Computed in float32, also under autocast, or float64 if u is.
at::Tensor bidirectional_ssd_composite(const SsdInputs& in);

}  // namespace omniq::kernels::detail
