// The CUDA kernels of the convolution, on plain pointers: compiled without torch, whose headers
// take nvcc long. conv.cpp calls them.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>

#include "kernels/common/rows.h"

namespace omniq::kernels::detail {

/// T: float, __half or __nv_bfloat16.
template <typename T>
struct CudaConvArguments {
  std::int64_t directions, clips, tokens, channels, width;
  std::int64_t ahead;  // tokens after its own that the filter reaches; 0 if it is causal
  Rows<const T> x;
  const float *weight, *bias;  // [directions or 1, width, channels] and [directions or 1, channels]
  std::int64_t weight_direction, bias_direction;  // strides; 0 where the directions share
  const bool* mask;                               // [clips, tokens], contiguous; null for none
  bool vectors;  // four channels at a time: rows of x are aligned to four elements, as is their
                 // number
};

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
