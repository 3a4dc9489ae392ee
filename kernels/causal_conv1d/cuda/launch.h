// The CUDA kernels of the convolution, on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>

#include "kernels/causal_conv1d/arguments.h"

namespace omniq::kernels::detail {

template <typename T>
using CudaConvArguments = ConvArguments<T, float>;

/// Numbers of taps that have kernels.
constexpr bool has_cuda_conv(std::int64_t width) { return width >= 2 && width <= 5; }

template <typename T>
cudaError_t conv_forward(const CudaConvArguments<T>& args, const Rows<T>& out, cudaStream_t stream);

template <typename T>
struct CudaConvGradients {
  Rows<const T> out;
  Rows<T> x;      // as the x of the arguments; null if not needed
  float* slices;  // [slices, directions, width + 1, channels]: shares of weight's and bias's
};

inline constexpr int kConvRun = 8;  // tokens
// Enough threads for any device, and few shares to add up.
inline constexpr std::int64_t kWantedSlices = 64;

inline std::int64_t conv_runs(std::int64_t tokens) { return (tokens + kConvRun - 1) / kConvRun; }
inline std::int64_t conv_slices_of_clip(std::int64_t clips, std::int64_t tokens) {
  return std::clamp<std::int64_t>(kWantedSlices / clips, 1, conv_runs(tokens));
}

/// Slices that the tokens of a batch are cut into: every thread sums over one.
inline std::int64_t conv_backward_slices(std::int64_t clips, std::int64_t tokens) {
  return clips * conv_slices_of_clip(clips, tokens);
}

/// Gradients that a shared x gets from both directions are added here; shares of those of weight
/// and bias remain to be summed over slices, and over directions where they share.
template <typename T>
cudaError_t conv_backward(const CudaConvArguments<T>& args, const CudaConvGradients<T>& grads,
                          cudaStream_t stream);

}  // namespace omniq::kernels::detail
