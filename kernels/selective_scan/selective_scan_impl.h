// The implementations behind selective_scan(); arguments as there, already checked. An absent z or
// mask is an undefined tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace omniq::kernels::detail {

struct ScanInputs {
  at::Tensor u, delta, A, B, C, D_skip, delta_bias, z, mask;
};

/// Gradients in the order of ScanInputs without mask.
using ScanInputGradients = std::array<at::Tensor, 8>;
using ScanInputNeeds = std::array<bool, 8>;

at::Tensor selective_scan_cpu(const ScanInputs& in);

/// Gradients of those inputs that are needed (others stay undefined). The states are recomputed;
/// memory beyond the results is a few hundred kilobytes a thread at 33 tokens, and grows with
/// tokens times states.
ScanInputGradients selective_scan_cpu_backward(const ScanInputs& in, const at::Tensor& grad_y,
                                               const ScanInputNeeds& needed);

/// A loop over tokens of torch operators, with torch's autograd, for any device. Half types are
/// computed in float32, also under autocast; everything else in the dtype of u.
at::Tensor selective_scan_composite(const ScanInputs& in);

}  // namespace omniq::kernels::detail
