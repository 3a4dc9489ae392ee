// Every innermost loop runs over the channels of a block, which are contiguous everywhere.
#include "kernels/causal_conv1d/cpu/loops.h"

#include "kernels/common/cpu_math.h"

namespace omniq::kernels::detail {
namespace {

template <typename T>
OMNIQ_INLINE T* row(const Rows<T>& rows, std::int64_t r, std::int64_t b, std::int64_t t) {
  return rows.data + r * rows.direction + b * rows.clip + t * rows.token;
}

// A block of channels in one direction of one clip.
struct Block {
  std::int64_t r, b, channel, count;
};

template <typename T>
OMNIQ_INLINE Block make_block(const CpuConvArguments<T>& args, std::int64_t r, std::int64_t b,
                              std::int64_t index) {
  const std::int64_t channel = index * kConvBlock;
  const std::int64_t left = args.channels - channel;
  return {r, b, channel, left < kConvBlock ? left : kConvBlock};
}

// How far tap k looks from the token of its output, in tokens.
template <typename T>
OMNIQ_INLINE std::int64_t tap_offset(const CpuConvArguments<T>& args, std::int64_t r,
                                     std::int64_t k) {
  return r == 0 ? k - (args.width - 1) : (args.width - 1) - k;
}

template <typename T>
OMNIQ_INLINE bool counts(const CpuConvArguments<T>& args, std::int64_t b, std::int64_t t) {
  return t >= 0 && t < args.tokens && (args.mask == nullptr || args.mask[b * args.tokens + t]);
}

template <typename T>
OMNIQ_INLINE void add_product(T* __restrict sum, const T* __restrict a, const T* __restrict b,
                              std::int64_t count) {
  if (count == kConvBlock) {
    for (std::int64_t e = 0; e < kConvBlock; ++e) sum[e] += a[e] * b[e];
  } else {
    for (std::int64_t e = 0; e < count; ++e) sum[e] += a[e] * b[e];
  }
}

// The sum before SiLU; beyond `count` it is 0.
template <typename T>
OMNIQ_INLINE void convolve(const CpuConvArguments<T>& args, const Block& block, std::int64_t t,
                           T* __restrict sum) {
  const T* bias = args.bias + block.r * args.bias_direction + block.channel;
  const T* weight = args.weight + block.r * args.weight_direction + block.channel;
  for (std::int64_t e = 0; e < kConvBlock; ++e) sum[e] = 0;
  for (std::int64_t e = 0; e < block.count; ++e) sum[e] = bias[e];
  for (std::int64_t k = 0; k < args.width; ++k) {
    const std::int64_t source = t + tap_offset(args, block.r, k);
    if (!counts(args, block.b, source)) continue;
    add_product(sum, weight + k * args.channels,
                row(args.x, block.r, block.b, source) + block.channel, block.count);
  }
}

template <typename T>
OMNIQ_INLINE void forward_blocks(const CpuConvArguments<T>& args, const Rows<T>& out,
                                 std::int64_t begin, std::int64_t end) {
  const std::int64_t blocks = (args.channels + kConvBlock - 1) / kConvBlock;
  T sum[kConvBlock];
  for (std::int64_t index = begin; index < end; ++index) {
    const std::int64_t place = index / blocks;
    const Block block = make_block(args, place / args.clips, place % args.clips, index % blocks);
    for (std::int64_t t = 0; t < args.tokens; ++t) {
      convolve(args, block, t, sum);
      for (std::int64_t e = 0; e < kConvBlock; ++e) sum[e] = cpu::silu(sum[e]);
      T* const destination = row(out, block.r, block.b, t) + block.channel;
      for (std::int64_t e = 0; e < block.count; ++e) destination[e] = sum[e];
    }
  }
}

// Adds the gradients of weight and bias, given those of the sums before SiLU.
template <typename T>
OMNIQ_INLINE void add_parameter_gradients(const CpuConvArguments<T>& args,
                                          const ConvGradients<T>& grads, const Block& block,
                                          const T* grad_sum) {
  for (std::int64_t t = 0; t < args.tokens; ++t) {
    const T* const grad = grad_sum + t * kConvBlock;
    if (grads.bias != nullptr) {
      T* const destination = grads.bias + block.r * args.bias_direction + block.channel;
      for (std::int64_t e = 0; e < block.count; ++e) destination[e] += grad[e];
    }
    if (grads.weight == nullptr) continue;
    T* const destination = grads.weight + block.r * args.weight_direction + block.channel;
    for (std::int64_t k = 0; k < args.width; ++k) {
      const std::int64_t source = t + tap_offset(args, block.r, k);
      if (!counts(args, block.b, source)) continue;
      add_product(destination + k * args.channels, grad,
                  row(args.x, block.r, block.b, source) + block.channel, block.count);
    }
  }
}

template <typename T>
OMNIQ_INLINE void write_input_gradient(const CpuConvArguments<T>& args,
                                       const ConvGradients<T>& grads, const Block& block,
                                       const T* grad_sum) {
  const T* weight = args.weight + block.r * args.weight_direction + block.channel;
  const bool add = block.r == 1 && grads.x.direction == 0;
  T sum[kConvBlock];
  for (std::int64_t t = 0; t < args.tokens; ++t) {
    T* const destination = row(grads.x, block.r, block.b, t) + block.channel;
    for (std::int64_t e = 0; e < kConvBlock; ++e) sum[e] = 0;
    if (add) {
      for (std::int64_t e = 0; e < block.count; ++e) sum[e] = destination[e];
    }
    if (counts(args, block.b, t)) {
      for (std::int64_t k = 0; k < args.width; ++k) {
        const std::int64_t user = t - tap_offset(args, block.r, k);
        if (user < 0 || user >= args.tokens) continue;
        add_product(sum, weight + k * args.channels, grad_sum + user * kConvBlock, block.count);
      }
    }
    for (std::int64_t e = 0; e < block.count; ++e) destination[e] = sum[e];
  }
}

template <typename T>
OMNIQ_INLINE void backward_blocks(const CpuConvArguments<T>& args, const ConvGradients<T>& grads,
                                  std::int64_t begin, std::int64_t end, T* scratch) {
  T sum[kConvBlock];
  for (std::int64_t index = begin; index < end; ++index) {
    for (std::int64_t r = 0; r < args.directions; ++r) {
      for (std::int64_t b = 0; b < args.clips; ++b) {
        const Block block = make_block(args, r, b, index);
        for (std::int64_t t = 0; t < args.tokens; ++t) {
          convolve(args, block, t, sum);
          for (std::int64_t e = 0; e < kConvBlock; ++e) sum[e] = cpu::silu_slope(sum[e]);
          const T* grad = row(grads.out, r, b, t) + block.channel;
          T* const destination = scratch + t * kConvBlock;
          for (std::int64_t e = 0; e < block.count; ++e) destination[e] = grad[e] * sum[e];
        }
        add_parameter_gradients(args, grads, block, scratch);
        if (grads.x.data != nullptr) write_input_gradient(args, grads, block, scratch);
      }
    }
  }
}

}  // namespace

OMNIQ_CPU_CLONES
void conv_forward(const CpuConvArguments<float>& args, const Rows<float>& out, std::int64_t begin,
                  std::int64_t end) {
  forward_blocks(args, out, begin, end);
}

OMNIQ_CPU_CLONES
void conv_forward(const CpuConvArguments<double>& args, const Rows<double>& out, std::int64_t begin,
                  std::int64_t end) {
  forward_blocks(args, out, begin, end);
}

OMNIQ_CPU_CLONES
void conv_backward(const CpuConvArguments<float>& args, const ConvGradients<float>& grads,
                   std::int64_t begin, std::int64_t end, float* scratch) {
  backward_blocks(args, grads, begin, end, scratch);
}

OMNIQ_CPU_CLONES
void conv_backward(const CpuConvArguments<double>& args, const ConvGradients<double>& grads,
                   std::int64_t begin, std::int64_t end, double* scratch) {
  backward_blocks(args, grads, begin, end, scratch);
}

}  // namespace omniq::kernels::detail
