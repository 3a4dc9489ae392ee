// The implementations behind selective_scan(); arguments as there, already checked. An absent z or
// mask is an undefined tensor.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>

#include "kernels/common/tensor_rows.h"
#include "kernels/selective_scan/arguments.h"

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

/// Whether there are CUDA kernels for these inputs; the composite takes the others.
bool has_cuda_kernels(const ScanInputs& in);

/// Whether the forward pass, and the backward pass, run on tensor cores, for linear rates and
/// inputs of `type`, on the current device.
bool has_tensor_core_scan(at::ScalarType type, std::int64_t states);
bool has_tensor_core_scan_backward(at::ScalarType type, std::int64_t states);

/// What backward needs besides the inputs: the output before the gate. Undefined without a gate.
struct CudaScanOutput {
  at::Tensor y, ungated;
};

/// `rates` [P, E] is undefined, or A is −(n + 1) · rates for state n. `ungated` is only made if it
/// is asked for.
CudaScanOutput selective_scan_cuda(const ScanInputs& in, const at::Tensor& rates,
                                   bool with_ungated);

/// Gradients of those inputs that are needed; that of A is not available with rates. Memory beyond
/// the results: for sequences beyond 36 tokens (with 128 states on compute capability 9.0) a state
/// of E · N floats for each 36 tokens of a clip and direction; and for few clips shares of the
/// gradients of B and C, at most E / 32 times their size in float32. On tensor cores (linear rates)
/// a state of E · N bfloat16 numbers for each 8 tokens of a clip and direction, and for each 192
/// channels 1.4 times the gradients of B and C in float32; above 1 GiB the clips are gone through
/// in parts.
ScanInputGradients selective_scan_cuda_backward(const ScanInputs& in, const at::Tensor& rates,
                                                const at::Tensor& ungated, const at::Tensor& grad_y,
                                                const ScanInputNeeds& needed);

/// A loop over tokens of torch operators, with torch's autograd, for any device. Half types are
/// computed in float32, also under autocast; everything else in the dtype of u.
at::Tensor selective_scan_composite(const ScanInputs& in);

/// From tensors in the form that kernels want; rates [P, E] may be undefined.
template <typename T, typename Parameter>
ScanArguments<T, Parameter> arguments_of(const ScanInputs& in, const at::Tensor& rates = {}) {
  ScanArguments<T, Parameter> args{};
  args.directions = in.u.size(0), args.clips = in.u.size(1), args.tokens = in.u.size(2);
  args.channels = in.u.size(3), args.states = in.A.size(2);
  args.u = rows_of<const T>(in.u);
  args.delta = rows_of<const T>(in.delta);
  args.B = rows_of<const T>(in.B);
  args.C = rows_of<const T>(in.C);
  args.z = rows_of<const T>(in.z);
  args.A = data_of<const Parameter>(in.A);
  args.rates = data_of<const Parameter>(rates);
  args.D_skip = data_of<const Parameter>(in.D_skip);
  args.delta_bias = data_of<const Parameter>(in.delta_bias);
  args.A_direction = direction_stride(in.A);
  args.rates_direction = rates.defined() ? direction_stride(rates) : 0;
  args.D_direction = direction_stride(in.D_skip);
  args.bias_direction = direction_stride(in.delta_bias);
  args.mask = data_of<const bool>(in.mask);
  return args;
}

}  // namespace omniq::kernels::detail
