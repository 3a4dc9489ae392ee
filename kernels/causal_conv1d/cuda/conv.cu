// The kernels of the convolution. A thread works on a run of tokens of one channel (forward: of
// four, where alignment allows): it reads all of its inputs before it uses the first, and each only
// once.
#include "kernels/causal_conv1d/cuda/launch.h"
#include "kernels/common/cuda_math.cuh"
#include "kernels/common/cuda_resident.cuh"

namespace omniq::kernels::detail {

inline constexpr int kConvThreads = 128;

template <typename T>
__device__ __forceinline__ bool is_token(const CudaConvArguments<T>& args, std::int64_t clip,
                                         std::int64_t token) {
  return token >= 0 && token < args.tokens &&
         (args.mask == nullptr || args.mask[clip * args.tokens + token]);
}

template <typename T, int kWidth, int kVector>
__global__ void __launch_bounds__(kConvThreads)
    conv_forward_kernel(const CudaConvArguments<T> args, const Rows<T> out, unsigned channel_blocks,
                        unsigned runs) {
  const std::int64_t channel =
      (static_cast<std::int64_t>(blockIdx.x % channel_blocks) * kConvThreads + threadIdx.x) *
      kVector;
  if (channel >= args.channels) return;
  // Places in a clip are 32-bit numbers: half of the instructions were to find addresses.
  const unsigned place = blockIdx.x / channel_blocks, clips = static_cast<unsigned>(args.clips);
  const int first = static_cast<int>(place % runs) * kConvRun;
  const std::int64_t clip = place / runs % clips, direction = place / runs / clips;
  const int tokens = static_cast<int>(args.tokens);

  // In the order of time of this direction: step i works on token i, or L − 1 − i.
  const int start = direction == 1 ? tokens - 1 : 0, sign = direction == 1 ? -1 : 1;
  const auto token_of = [&](int i) { return start + sign * i; };
  const int before = kWidth - 1 - static_cast<int>(args.ahead);
  const T* x = args.x.data + direction * args.x.direction + clip * args.x.clip + channel;
  const int stride = static_cast<int>(args.x.token);
  const bool* mask = args.mask != nullptr ? args.mask + clip * args.tokens : nullptr;
  float inputs[kConvRun + kWidth - 1][kVector];
  // Every load is from some token: those under a condition would be waited for one by one.
#pragma unroll
  for (int i = 0; i < kConvRun + kWidth - 1; ++i) {
    const int token = token_of(first + i - before), near = min(max(token, 0), tokens - 1);
    load_some<kVector>(x + static_cast<std::int64_t>(near) * stride, inputs[i]);
    const bool live = token == near && (mask == nullptr || mask[near]);
#pragma unroll
    for (int v = 0; v < kVector; ++v) inputs[i][v] = live ? inputs[i][v] : 0.F;
  }
  float weight[kWidth][kVector], bias[kVector];
  load_some<kVector>(args.bias + direction * args.bias_direction + channel, bias);
#pragma unroll
  for (int k = 0; k < kWidth; ++k) {
    load_some<kVector>(
        args.weight + direction * args.weight_direction + k * args.channels + channel, weight[k]);
  }
  T* to = out.data + direction * out.direction + clip * out.clip + channel;
  const int to_stride = static_cast<int>(out.token);
#pragma unroll
  for (int s = 0; s < kConvRun; ++s) {
    if (first + s >= tokens) break;
    float y[kVector];
#pragma unroll
    for (int v = 0; v < kVector; ++v) {
      float sum = bias[v];
#pragma unroll
      for (int k = 0; k < kWidth; ++k) sum = fmaf(weight[k][v], inputs[s + k][v], sum);
      y[v] = silu(sum);
    }
    store_some<kVector>(to + static_cast<std::int64_t>(token_of(first + s)) * to_stride, y);
  }
}

/// What one direction adds to the gradients of a run of tokens from `first` on. `inputs` starts
/// kWidth − 1 tokens before it. g is the gradient before SiLU; tokens beyond the run, which saw its
/// inputs, are computed again.
template <bool kReversed, typename T, int kWidth>
__device__ __forceinline__ void conv_backward_run(
    const CudaConvArguments<T>& args, const T* grad_out, std::int64_t grad_stride,
    std::int64_t first, const float (&inputs)[kConvRun + 2 * (kWidth - 1)],
    const float (&weight)[kWidth], float bias, float (&dx)[kConvRun], float (&dweight)[kWidth],
    float& dbias) {
#pragma unroll
  for (int j = 0; j < kConvRun + kWidth - 1; ++j) {
    const std::int64_t before = kReversed ? kWidth - 1 - args.ahead : args.ahead;
    const std::int64_t t = first + j - before;
    if (t < 0 || t >= args.tokens) continue;
    float sum = bias;
#pragma unroll
    for (int k = 0; k < kWidth; ++k) {
      sum = fmaf(weight[k], inputs[kReversed ? j + kWidth - 1 - k : j + k], sum);
    }
    const float g = to_float(grad_out[t * grad_stride]) * silu_derivative(sum);
    const bool inside = j >= before && j < before + kConvRun;
    if (inside) dbias += g;
#pragma unroll
    for (int k = 0; k < kWidth; ++k) {
      if (inside) {
        dweight[k] = fmaf(g, inputs[kReversed ? j + kWidth - 1 - k : j + k], dweight[k]);
      }
      const int s = kReversed ? j - k : j - (kWidth - 1) + k;
      if (s >= 0 && s < kConvRun) dx[s] = fmaf(weight[k], g, dx[s]);
    }
  }
}

template <typename T, int kWidth>
__global__ void __launch_bounds__(kConvThreads)
    conv_backward_kernel(const CudaConvArguments<T> args, const CudaConvGradients<T> grads,
                         unsigned channel_blocks, std::int64_t slices_of_clip) {
  const std::int64_t channel =
      static_cast<std::int64_t>(blockIdx.x % channel_blocks) * kConvThreads + threadIdx.x;
  if (channel >= args.channels) return;
  const std::int64_t slice = blockIdx.x / channel_blocks;
  const std::int64_t clip = slice / slices_of_clip, in_clip = slice % slices_of_clip;
  const std::int64_t runs = (args.tokens + kConvRun - 1) / kConvRun;

  float weight[2][kWidth], bias[2], dweight[2][kWidth], dbias[2];
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const bool exists = r < args.directions;
    bias[r] = exists ? args.bias[r * args.bias_direction + channel] : 0.F;
    dbias[r] = 0.F;
#pragma unroll
    for (int k = 0; k < kWidth; ++k) {
      weight[r][k] =
          exists ? args.weight[r * args.weight_direction + k * args.channels + channel] : 0.F;
      dweight[r][k] = 0.F;
    }
  }

  for (std::int64_t run = in_clip; run < runs; run += slices_of_clip) {
    const std::int64_t first = run * kConvRun;
    float inputs[kConvRun + 2 * (kWidth - 1)], dx[kConvRun];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      if (r >= args.directions) break;
      if (r == 0 || args.x.direction != 0) {
        const T* x = args.x.data + r * args.x.direction + clip * args.x.clip + channel;
#pragma unroll
        for (int i = 0; i < kConvRun + 2 * (kWidth - 1); ++i) {
          const std::int64_t token = first + i - (kWidth - 1);
          inputs[i] = is_token(args, clip, token) ? to_float(x[token * args.x.token]) : 0.F;
        }
#pragma unroll
        for (int s = 0; s < kConvRun; ++s) dx[s] = 0.F;
      }
      const T* grad_out =
          grads.out.data + r * grads.out.direction + clip * grads.out.clip + channel;
      if (r == 0) {
        conv_backward_run<false>(args, grad_out, grads.out.token, first, inputs, weight[0], bias[0],
                                 dx, dweight[0], dbias[0]);
      } else {
        conv_backward_run<true>(args, grad_out, grads.out.token, first, inputs, weight[1], bias[1],
                                dx, dweight[1], dbias[1]);
      }
      const bool complete = args.x.direction != 0 || r + 1 == args.directions;
      if (grads.x.data == nullptr || !complete) continue;
      T* to = grads.x.data + r * grads.x.direction + clip * grads.x.clip + channel;
#pragma unroll
      for (int s = 0; s < kConvRun; ++s) {
        if (first + s >= args.tokens) break;
        to[(first + s) * grads.x.token] =
            from_float<T>(is_token(args, clip, first + s) ? dx[s] : 0.F);
      }
    }
  }

#pragma unroll
  for (int r = 0; r < 2; ++r) {
    if (r >= args.directions) break;
    float* to =
        grads.slices + (slice * args.directions + r) * (kWidth + 1) * args.channels + channel;
#pragma unroll
    for (int k = 0; k < kWidth; ++k) to[k * args.channels] = dweight[r][k];
    to[kWidth * args.channels] = dbias[r];
  }
}

template <typename T>
cudaError_t conv_forward(const CudaConvArguments<T>& args, const Rows<T>& out,
                         cudaStream_t stream) {
  const std::int64_t threads = args.vectors ? args.channels / 4 : args.channels;
  const std::int64_t channel_blocks = (threads + kConvThreads - 1) / kConvThreads;
  const std::int64_t runs = conv_runs(args.tokens);
  return with_constant<2, 3, 4, 5>(args.width, [&](auto width) {
    const auto kernel =
        args.vectors ? conv_forward_kernel<T, width, 4> : conv_forward_kernel<T, width, 1>;
    kernel<<<static_cast<unsigned>(args.directions * args.clips * runs * channel_blocks),
             kConvThreads, 0, stream>>>(args, out, static_cast<unsigned>(channel_blocks),
                                        static_cast<unsigned>(runs));
    return cudaGetLastError();
  });
}

template <typename T>
cudaError_t conv_backward(const CudaConvArguments<T>& args, const CudaConvGradients<T>& grads,
                          cudaStream_t stream) {
  const std::int64_t channel_blocks = (args.channels + kConvThreads - 1) / kConvThreads;
  const std::int64_t slices = conv_slices_of_clip(args.clips, args.tokens);
  return with_constant<2, 3, 4, 5>(args.width, [&](auto width) {
    conv_backward_kernel<T, width>
        <<<static_cast<unsigned>(args.clips * slices * channel_blocks), kConvThreads, 0, stream>>>(
            args, grads, static_cast<unsigned>(channel_blocks), slices);
    return cudaGetLastError();
  });
}

using Element = OMNIQ_ELEMENT;
template cudaError_t conv_forward(const CudaConvArguments<Element>&, const Rows<Element>&,
                                  cudaStream_t);
template cudaError_t conv_backward(const CudaConvArguments<Element>&,
                                   const CudaConvGradients<Element>&, cudaStream_t);

}  // namespace omniq::kernels::detail
