// Some lanes of a warp have a row, of which each holds a few vectors of eight channels in
// registers; they go from row to row and keep what belongs to their channels.
#include "kernels/common/cuda_half_products.cuh"
#include "kernels/token_norm/token_norm_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kThreads = 128, kMeanThreads = 256;
constexpr int kVector = 8;
constexpr int kKept = 3;  // vectors whose weight and bias fit in registers
constexpr float kEpsilon = 1e-5F;

/// How the channels of a row are shared: lane l has channels 8 · (l + lanes · v).
struct Sharing {
  int lanes, vectors;  // lanes a power of two

  explicit Sharing(int channels) : lanes(4) {
    while (lanes < 32 && lanes * kKept * kVector < channels) lanes *= 2;
    vectors = (channels + lanes * kVector - 1) / (lanes * kVector);
  }
};

/// What a lane needs of a parameter: `find(v)` is where its v-th vector's values are, null for
/// zeros. Read once with kInRegisters, else at each use, from the cache.
template <int kVectors, bool kInRegisters, typename Find>
class OfChannels {
 public:
  __device__ explicit OfChannels(Find find) : find_(find) {
    if constexpr (kInRegisters) {
#pragma unroll
      for (int v = 0; v < kVectors; ++v) load(v, kept_[v]);
    }
  }

  __device__ void get(int v, float (&x)[kVector]) const {
    if constexpr (kInRegisters) {
#pragma unroll
      for (int e = 0; e < kVector; ++e) x[e] = kept_[v][e];
    } else {
      load(v, x);
    }
  }

 private:
  __device__ void load(int v, float (&x)[kVector]) const {
    const float* from = find_(v);
    if (from != nullptr) {
      load8(from, x);
    } else {
#pragma unroll
      for (int e = 0; e < kVector; ++e) x[e] = 0.F;
    }
  }

  Find find_;
  float kept_[kInRegisters ? kVectors : 1][kVector];
};

template <int kVectors, bool kInRegisters, typename Find>
__device__ __forceinline__ OfChannels<kVectors, kInRegisters, Find> of_channels(Find find) {
  return OfChannels<kVectors, kInRegisters, Find>(find);
}

__device__ __forceinline__ float sum_of_lanes(float x, int lanes) {
  for (int distance = lanes / 2; distance > 0; distance /= 2) {
    x += __shfl_xor_sync(kFullWarp, x, distance);
  }
  return x;
}

/// Rows as they lie.
template <typename T>
struct Plain {
  const T* x;
  const float* offset;
  int channels;

  /// The eight channels of a row from c on; null for zeros.
  __device__ const T* at(std::int64_t row, int c) const { return x + row * channels + c; }
  __device__ const float* offset_at(int c) const {
    return offset == nullptr ? nullptr : offset + c;
  }
};

/// Rows of four neighbours: the one below before the one to the right.
template <typename T>
struct Merged {
  const T* x;
  const float* offset;
  int of_one;  // channels
  int height, width;

  __device__ const T* at(std::int64_t row, int c) const {
    const auto columns = static_cast<unsigned>(width + 1) / 2;
    const auto rows = static_cast<unsigned>(height + 1) / 2;
    const auto index = static_cast<unsigned>(row), map = index / columns;  // shorter divisions
    const int quarter = c / of_one;
    const int px = static_cast<int>(index % columns) * 2 + quarter / 2;
    const int py = static_cast<int>(map % rows) * 2 + quarter % 2;
    if (px >= width || py >= height) return nullptr;
    const std::int64_t frame = map / rows;
    return x + ((frame * height + py) * width + px) * of_one + c % of_one;
  }
  __device__ const float* offset_at(int c) const {
    return offset == nullptr ? nullptr : offset + c % of_one;
  }
};

/// A lane's channels of a row, normed: (x − mean) / √(variance + ε). `exists`: the row does; all
/// lanes of the warp must take part.
template <int kVectors, typename T, typename Source>
struct Row {
  uint4 raw[kVectors];
  bool there[kVectors];

  __device__ void load(const Source& source, std::int64_t row, bool exists, int lane, int lanes,
                       int channels) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const int c = (lane + lanes * v) * kVector;
      const T* from = exists && c < channels ? source.at(row, c) : nullptr;
      there[v] = from != nullptr;
      raw[v] = there[v] ? *reinterpret_cast<const uint4*>(from) : uint4{};
    }
  }

  template <typename Offset>
  __device__ void norm(const Offset& offset, int lane, int lanes, int channels,
                       float (&x)[kVectors][kVector]) const {
    float sum = 0.F;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      load8(reinterpret_cast<const T*>(&raw[v]), x[v]);
      float added[kVector];
      offset.get(v, added);
#pragma unroll
      for (int e = 0; e < kVector; ++e) {
        x[v][e] += there[v] ? added[e] : 0.F;
        sum += x[v][e];
      }
    }
    const float mean = sum_of_lanes(sum, lanes) / static_cast<float>(channels);
    float squares = 0.F;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const bool inside = (lane + lanes * v) * kVector < channels;
#pragma unroll
      for (int e = 0; e < kVector; ++e) {
        x[v][e] = inside ? x[v][e] - mean : 0.F;
        squares = fmaf(x[v][e], x[v][e], squares);
      }
    }
    const float scale =
        rsqrtf(sum_of_lanes(squares, lanes) / static_cast<float>(channels) + kEpsilon);
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
#pragma unroll
      for (int e = 0; e < kVector; ++e) x[v][e] *= scale;
    }
  }
};

template <typename T, int kVectors, typename Source>
__global__ void __launch_bounds__(kThreads, kVectors <= kKept ? 4 : 1)
    token_norm_kernel(const Source source, const float* weight, const float* bias, int channels,
                      int lanes, std::int64_t rows, T* out) {
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const int at_once = kThreads / lanes;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * at_once;
  const auto channel = [&](int v) { return (lane + lanes * v) * kVector; };

  const auto offset = of_channels<kVectors, false>(
      [&](int v) { return channel(v) < channels ? source.offset_at(channel(v)) : nullptr; });
  const auto weights = of_channels<kVectors, kVectors <= kKept>(
      [&](int v) { return channel(v) < channels ? weight + channel(v) : nullptr; });
  const auto biases = of_channels<kVectors, kVectors <= kKept>(
      [&](int v) { return channel(v) < channels ? bias + channel(v) : nullptr; });
  // Warps go on together: their lanes exchange sums.
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * at_once;
  std::int64_t row = first + static_cast<int>(threadIdx.x) / lanes;
  Row<kVectors, T, Source> next;
  next.load(source, row, row < rows, lane, lanes, channels);
  for (std::int64_t base = first; base < rows; base += step, row += step) {
    const Row<kVectors, T, Source> now = next;
    next.load(source, row + step, row + step < rows, lane, lanes, channels);
    float x[kVectors][kVector];
    now.norm(offset, lane, lanes, channels, x);
    if (row >= rows) continue;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      if (channel(v) >= channels) continue;
      float w[kVector], b[kVector];
      weights.get(v, w);
      biases.get(v, b);
      unsigned pairs[kVector / 2];
#pragma unroll
      for (int e = 0; e < kVector; e += 2) {
        pairs[e / 2] =
            pack_half<T>(fmaf(x[v][e], w[e], b[e]), fmaf(x[v][e + 1], w[e + 1], b[e + 1]));
      }
      *reinterpret_cast<uint4*>(out + row * channels + channel(v)) = {pairs[0], pairs[1], pairs[2],
                                                                      pairs[3]};
    }
  }
}

/// A block has a frame; its parts add up their tokens, in an order that is always the same.
template <typename T, int kVectors>
__global__ void __launch_bounds__(kMeanThreads)
    mean_token_norm_kernel(const Plain<T> source, const float* weight, const float* bias,
                           int tokens, int lanes, float* out) {
  extern __shared__ float sums[];  // [parts, channels]
  const int channels = source.channels;
  const int parts = kMeanThreads / lanes, part = static_cast<int>(threadIdx.x) / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * tokens;
  const auto offset = of_channels<kVectors, false>([&](int v) {
    const int c = (lane + lanes * v) * kVector;
    return c < channels ? source.offset_at(c) : nullptr;
  });
  float sum[kVectors][kVector] = {};
  for (int base = 0; base < tokens; base += parts) {
    const bool exists = base + part < tokens;
    Row<kVectors, T, Plain<T>> row;
    row.load(source, first + base + part, exists, lane, lanes, channels);
    float x[kVectors][kVector];
    row.norm(offset, lane, lanes, channels, x);
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
#pragma unroll
      for (int e = 0; e < kVector; ++e) sum[v][e] += exists ? x[v][e] : 0.F;
    }
  }
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int c = (lane + lanes * v) * kVector;
    if (c >= channels) continue;
#pragma unroll
    for (int e = 0; e < kVector; ++e) sums[part * channels + c + e] = sum[v][e];
  }
  __syncthreads();
  for (int c = static_cast<int>(threadIdx.x); c < channels; c += kMeanThreads) {
    float all = 0.F;
    for (int p = 0; p < parts; ++p) all += sums[p * channels + c];
    out[static_cast<std::int64_t>(blockIdx.x) * channels + c] =
        fmaf(all / static_cast<float>(tokens), weight[c], bias[c]);
  }
}

template <typename T, typename Source>
cudaError_t launch(const Source& source, const CudaTokenNormArguments<T>& args, int channels,
                   std::int64_t rows, T* out, cudaStream_t stream) {
  const Sharing sharing(channels);
  const std::int64_t at_once = kThreads / sharing.lanes;
  const auto run = [&](auto* kernel) {
    int device = 0, processors = 0, resident = 0;
    cudaError_t error = cudaGetDevice(&device);
    if (error == cudaSuccess) {
      error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    }
    if (error == cudaSuccess) {
      error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, kThreads, 0);
    }
    if (error != cudaSuccess) return error;
    const std::int64_t all = (rows + at_once - 1) / at_once;
    const std::int64_t most = static_cast<std::int64_t>(resident) * processors;
    const auto blocks = static_cast<unsigned>(all < most ? all : most);
    kernel<<<blocks, kThreads, 0, stream>>>(source, args.weight, args.bias, channels, sharing.lanes,
                                            rows, out);
    return cudaGetLastError();
  };
  if (sharing.vectors == 1) return run(token_norm_kernel<T, 1, Source>);
  if (sharing.vectors == 2) return run(token_norm_kernel<T, 2, Source>);
  if (sharing.vectors == 3) return run(token_norm_kernel<T, 3, Source>);
  if (sharing.vectors <= 4) return run(token_norm_kernel<T, 4, Source>);
  if (sharing.vectors <= 6) return run(token_norm_kernel<T, 6, Source>);
  if (sharing.vectors <= 8) return run(token_norm_kernel<T, 8, Source>);
  return cudaErrorInvalidValue;
}

}  // namespace

template <typename T>
cudaError_t token_norm(const CudaTokenNormArguments<T>& args, std::int64_t rows, T* out,
                       cudaStream_t stream) {
  return launch(Plain<T>{args.x, args.offset, args.channels}, args, args.channels, rows, out,
                stream);
}

template <typename T>
cudaError_t merged_token_norm(const CudaTokenNormArguments<T>& args, std::int64_t frames,
                              int height, int width, T* out, cudaStream_t stream) {
  return launch(Merged<T>{args.x, args.offset, args.channels, height, width}, args,
                4 * args.channels, frames * ((height + 1) / 2) * ((width + 1) / 2), out, stream);
}

template <typename T>
cudaError_t mean_token_norm(const CudaTokenNormArguments<T>& args, std::int64_t frames, int tokens,
                            float* out, cudaStream_t stream) {
  const Sharing sharing(args.channels);
  const auto run = [&](auto* kernel) {
    const std::size_t shared =
        sizeof(float) * static_cast<std::size_t>(args.channels * (kMeanThreads / sharing.lanes));
    kernel<<<static_cast<unsigned>(frames), kMeanThreads, shared, stream>>>(
        Plain<T>{args.x, args.offset, args.channels}, args.weight, args.bias, tokens, sharing.lanes,
        out);
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
