// The loops of the CPU convolution, on plain pointers: compiled without torch so that they can have
// their own compiler flags.
#pragma once

#include <cstdint>

namespace omniq::kernels::detail {

/// Channels that are worked on together.
inline constexpr std::int64_t kConvBlock = 64;

/// A tensor [directions or 1, clips, tokens, channels] whose last axis is contiguous; strides in
/// elements, that of a shared direction is 0.
template <typename T>
struct ConvRows {
  T* data = nullptr;
  std::int64_t direction = 0, clip = 0, token = 0;
};

template <typename T>
struct ConvArguments {
  std::int64_t directions, clips, tokens, channels, width;
  ConvRows<const T> x;
  const T *weight, *bias;  // [directions or 1, width, channels] and [directions or 1, channels]
  std::int64_t weight_direction, bias_direction;  // strides; 0 where the directions share
  const bool* mask;                               // [clips, tokens], contiguous; null for none
};

/// Where the gradients go; null for those that are not needed. That of x is assigned (its second
/// direction is added where the directions share it), those of weight and bias are added to and
/// laid out like them.
template <typename T>
struct ConvGradients {
  ConvRows<const T> out;
  ConvRows<T> x;
  T *weight, *bias;
};

/// Forward over the flattened (direction, clip, block of channels) indices [begin, end).
void conv_forward(const ConvArguments<float>& args, const ConvRows<float>& out, std::int64_t begin,
                  std::int64_t end);
void conv_forward(const ConvArguments<double>& args, const ConvRows<double>& out,
                  std::int64_t begin, std::int64_t end);

/// Backward over the blocks of channels [begin, end), every direction and clip of each; `scratch`
/// holds tokens · kConvBlock elements.
void conv_backward(const ConvArguments<float>& args, const ConvGradients<float>& grads,
                   std::int64_t begin, std::int64_t end, float* scratch);
void conv_backward(const ConvArguments<double>& args, const ConvGradients<double>& grads,
                   std::int64_t begin, std::int64_t end, double* scratch);

}  // namespace omniq::kernels::detail
