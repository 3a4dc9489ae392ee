// Norms of rows that lanes share (cuda_token_rows.cuh).
#include "kernels/common/cuda_token_rows.cuh"
#include "kernels/token_norm/token_norm_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kThreads = 128, kMeanThreads = 256;

/// Rows of a map with an offset for each channel, or null for none.
template <typename T, typename Rows>
struct Source {
  const T* x;
  const float* offset;
  Rows rows;

  __device__ const float* offset_at(int c) const {
    return offset == nullptr ? nullptr : offset + rows.channel(c);
  }
};

/// A lane's channels of a row. `exists`: the row does; all lanes of the warp must take part.
template <int kVectors, typename T, typename Rows>
struct Row {
  uint4 raw[kVectors];
  bool there[kVectors];

  __device__ void load(const Source<T, Rows>& source, std::int64_t row, bool exists, int lane,
                       int lanes, int channels) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const int c = (lane + lanes * v) * kRowVector;
      const std::int64_t place = exists && c < channels ? source.rows.at(row, c) : -1;
      there[v] = place >= 0;
      raw[v] = there[v] ? *reinterpret_cast<const uint4*>(source.x + place) : uint4{};
    }
  }

  template <typename Offset>
  __device__ void norm(const Offset& offset, int lane, int lanes, int channels,
                       float (&x)[kVectors][kRowVector]) const {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      load8(reinterpret_cast<const T*>(&raw[v]), x[v]);
      float added[kRowVector];
      offset.get(v, added);
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) x[v][e] += there[v] ? added[e] : 0.F;
    }
    norm_row(x, lane, lanes, channels);
  }
};

template <typename T, int kVectors, typename Rows>
__global__ void __launch_bounds__(kThreads, kVectors <= kKeptVectors ? 4 : 1)
    token_norm_kernel(const Source<T, Rows> source, const float* weight, const float* bias,
                      int channels, int lanes, std::int64_t rows, T* out) {
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const int at_once = kThreads / lanes;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * at_once;
  const auto channel = [&](int v) { return (lane + lanes * v) * kRowVector; };

  const auto offset = of_channels<kVectors, false>(
      [&](int v) { return channel(v) < channels ? source.offset_at(channel(v)) : nullptr; });
  const auto weights = of_channels<kVectors, kVectors <= kKeptVectors>(
      [&](int v) { return channel(v) < channels ? weight + channel(v) : nullptr; });
  const auto biases = of_channels<kVectors, kVectors <= kKeptVectors>(
      [&](int v) { return channel(v) < channels ? bias + channel(v) : nullptr; });
  // Warps go on together: their lanes exchange sums.
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * at_once;
  std::int64_t row = first + static_cast<int>(threadIdx.x) / lanes;
  Row<kVectors, T, Rows> next;
  next.load(source, row, row < rows, lane, lanes, channels);
  for (std::int64_t base = first; base < rows; base += step, row += step) {
    const Row<kVectors, T, Rows> now = next;
    next.load(source, row + step, row + step < rows, lane, lanes, channels);
    float x[kVectors][kRowVector];
    now.norm(offset, lane, lanes, channels, x);
    if (row >= rows) continue;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      if (channel(v) >= channels) continue;
      float w[kRowVector], b[kRowVector];
      weights.get(v, w);
      biases.get(v, b);
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) x[v][e] = fmaf(x[v][e], w[e], b[e]);
      store8(out + row * channels + channel(v), x[v]);
    }
  }
}

/// A block has a frame; its parts add up their tokens, in an order that is always the same.
template <typename T, int kVectors>
__global__ void __launch_bounds__(kMeanThreads)
    mean_token_norm_kernel(const Source<T, PlainRows> source, const float* weight,
                           const float* bias, int tokens, int lanes, float* out) {
  extern __shared__ float sums[];  // [parts, channels]
  const int channels = source.rows.channels;
  const int parts = kMeanThreads / lanes, part = static_cast<int>(threadIdx.x) / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * tokens;
  const auto offset = of_channels<kVectors, false>([&](int v) {
    const int c = (lane + lanes * v) * kRowVector;
    return c < channels ? source.offset_at(c) : nullptr;
  });
  float sum[kVectors][kRowVector] = {};
  for (int base = 0; base < tokens; base += parts) {
    const bool exists = base + part < tokens;
    Row<kVectors, T, PlainRows> row;
    row.load(source, first + base + part, exists, lane, lanes, channels);
    float x[kVectors][kRowVector];
    row.norm(offset, lane, lanes, channels, x);
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) sum[v][e] += exists ? x[v][e] : 0.F;
    }
  }
  sum_parts<kMeanThreads>(sum, sums, lanes, channels, [&](int c, float all) {
    out[static_cast<std::int64_t>(blockIdx.x) * channels + c] =
        fmaf(all / static_cast<float>(tokens), weight[c], bias[c]);
  });
}

template <typename T, typename Rows>
cudaError_t launch(const Rows& mapping, const CudaTokenNormArguments<T>& args, int channels,
                   std::int64_t rows, T* out, cudaStream_t stream) {
  const RowSharing sharing(channels);
  const std::int64_t at_once = kThreads / sharing.lanes;
  const Source<T, Rows> source{args.x, args.offset, mapping};
  return with_vectors(sharing, [&](auto vectors) {
    return launch_resident(token_norm_kernel<T, vectors, Rows>, kThreads, 0,
                           (rows + at_once - 1) / at_once, stream, source, args.weight, args.bias,
                           channels, sharing.lanes, rows, out);
  });
}

}  // namespace

template <typename T>
cudaError_t token_norm(const CudaTokenNormArguments<T>& args, std::int64_t rows, T* out,
                       cudaStream_t stream) {
  return launch(PlainRows{args.channels}, args, args.channels, rows, out, stream);
}

template <typename T>
cudaError_t merged_token_norm(const CudaTokenNormArguments<T>& args, std::int64_t frames,
                              int height, int width, T* out, cudaStream_t stream) {
  return launch(MergedRows{args.channels, height, width}, args, 4 * args.channels,
                frames * ((height + 1) / 2) * ((width + 1) / 2), out, stream);
}

template <typename T>
cudaError_t mean_token_norm(const CudaTokenNormArguments<T>& args, std::int64_t frames, int tokens,
                            float* out, cudaStream_t stream) {
  const RowSharing sharing(args.channels);
  const auto run = [&](auto* kernel) {
    const std::size_t shared =
        sizeof(float) * static_cast<std::size_t>(args.channels * (kMeanThreads / sharing.lanes));
    kernel<<<static_cast<unsigned>(frames), kMeanThreads, shared, stream>>>(
        {args.x, args.offset, PlainRows{args.channels}}, args.weight, args.bias, tokens,
        sharing.lanes, out);
    return cudaGetLastError();
  };
  if (sharing.vectors == 1) return run(mean_token_norm_kernel<T, 1>);
  if (sharing.vectors <= 3) return run(mean_token_norm_kernel<T, 3>);
  if (sharing.vectors <= 4) return run(mean_token_norm_kernel<T, 4>);
  return cudaErrorInvalidValue;
}

#define OMNIQ_INSTANTIATE(T)                                                                       \
  template cudaError_t token_norm(const CudaTokenNormArguments<T>&, std::int64_t, T*,              \
                                  cudaStream_t);                                                   \
  template cudaError_t merged_token_norm(const CudaTokenNormArguments<T>&, std::int64_t, int, int, \
                                         T*, cudaStream_t);                                        \
  template cudaError_t mean_token_norm(const CudaTokenNormArguments<T>&, std::int64_t, int,        \
                                       float*, cudaStream_t);
OMNIQ_INSTANTIATE(__half)
OMNIQ_INSTANTIATE(__nv_bfloat16)

}  // namespace omniq::kernels::detail
