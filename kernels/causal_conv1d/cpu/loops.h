// The loops of the CPU convolution, on plain pointers: compiled without torch so that they can have
// their own compiler flags.
#pragma once

#include <cstdint>

#include "kernels/causal_conv1d/arguments.h"

namespace omniq::kernels::detail {

/// Channels that are worked on together.
inline constexpr std::int64_t kConvBlock = 64;

template <typename T>
using CpuConvArguments = ConvArguments<T, T>;

/// Where the gradients go; null for those that are not needed. That of x is assigned (its second
/// direction is added where the directions share it), those of weight and bias are added to and
/// laid out like them.
template <typename T>
struct ConvGradients {
  Rows<const T> out;
  Rows<T> x;
  T *weight, *bias;
};

/// Forward over the flattened (direction, clip, block of channels) indices [begin, end).
void conv_forward(const CpuConvArguments<float>& args, const Rows<float>& out, std::int64_t begin,
                  std::int64_t end);
void conv_forward(const CpuConvArguments<double>& args, const Rows<double>& out, std::int64_t begin,
                  std::int64_t end);

/// Backward over the blocks of channels [begin, end), every direction and clip of each; `scratch`
/// holds tokens · kConvBlock elements.
void conv_backward(const CpuConvArguments<float>& args, const ConvGradients<float>& grads,
                   std::int64_t begin, std::int64_t end, float* scratch);
void conv_backward(const CpuConvArguments<double>& args, const ConvGradients<double>& grads,
                   std::int64_t begin, std::int64_t end, double* scratch);

}  // namespace omniq::kernels::detail
