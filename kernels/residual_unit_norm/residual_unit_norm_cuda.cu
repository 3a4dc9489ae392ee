#include "kernels/residual_unit_norm/residual_unit_norm_cuda.h"

#include "kernels/common/cuda_token_rows.cuh"

namespace omniq::kernels::detail {
namespace {

constexpr int kThreads = 128;

/// A lane's vectors of a row as they lie in memory; zeros where there is nothing.
template <int kVectors, typename T>
struct RawRow {
  uint4 raw[kVectors];

  template <typename Find>
  __device__ void load(const T* from, const Find& place) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t at = from == nullptr ? -1 : place(v);
      raw[v] = at >= 0 ? *reinterpret_cast<const uint4*>(from + at) : uint4{};
    }
  }
  __device__ void get(int v, float (&x)[kRowVector]) const {
    load8(reinterpret_cast<const T*>(&raw[v]), x);
  }
};

/// Which lanes of a block have which row, and where its channels are.
template <typename Rows>
struct Lanes {
  Rows rows;
  std::int64_t count;  // of rows
  int channels, lanes;

  __host__ __device__ int at_once() const { return kThreads / lanes; }
  std::int64_t blocks() const { return (count + at_once() - 1) / at_once(); }  // that have rows
  __device__ int lane() const { return static_cast<int>(threadIdx.x) % lanes; }
  __device__ int channel(int v) const { return (lane() + lanes * v) * kRowVector; }
  __device__ std::int64_t first() const {
    return static_cast<std::int64_t>(blockIdx.x) * at_once();
  }
  __device__ std::int64_t step() const { return static_cast<std::int64_t>(gridDim.x) * at_once(); }
  /// −1 where the row, the channel or the token does not exist.
  __device__ std::int64_t in_map(std::int64_t row, int v) const {
    return row < count && channel(v) < channels ? rows.at(row, channel(v)) : -1;
  }
  __device__ std::int64_t in_row(std::int64_t row, int v) const {
    return row < count && channel(v) < channels ? row * channels + channel(v) : -1;
  }
};

template <typename T, int kVectors, typename Rows>
__global__ void __launch_bounds__(kThreads, kVectors <= kKeptVectors ? 4 : 1)
    residual_unit_norm_kernel(const CudaResidualUnitNormArguments<T> args,
                              const Lanes<Rows> lanes) {
  const auto bias = of_channels<kVectors, kVectors <= kKeptVectors>([&](int v) {
    const int c = lanes.channel(v);
    return args.bias != nullptr && c < lanes.channels ? args.bias + lanes.rows.channel(c) : nullptr;
  });
  const std::int64_t rows_of_frame = args.shape.rows_of_frame();
  // Warps go on together: their lanes exchange sums.
  std::int64_t row = lanes.first() + static_cast<int>(threadIdx.x) / lanes.lanes;
  RawRow<kVectors, T> next_x, next_branch;
  const auto load = [&](std::int64_t of) {
    const auto place = [&](int v) { return lanes.in_map(of, v); };
    next_x.load(args.x, place);
    next_branch.load(args.branch, place);
  };
  load(row);
  for (std::int64_t base = lanes.first(); base < lanes.count;
       base += lanes.step(), row += lanes.step()) {
    const RawRow<kVectors, T> x = next_x, branch = next_branch;
    load(row + lanes.step());
    const float keep = row < lanes.count ? factor_of_row(args.keep, row, rows_of_frame) : 0.F;
    float y[kVectors][kRowVector];
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      float added[kRowVector], of_bias[kRowVector];
      x.get(v, y[v]);
      branch.get(v, added);
      bias.get(v, of_bias);
      const std::int64_t place = lanes.in_map(row, v);
      const float here = place >= 0 ? keep : 0.F;
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) y[v][e] += fmaf(here, of_bias[e], added[e]);
      if (args.sum != nullptr && place >= 0) store8(args.sum + place, y[v]);
    }
    const float scale = norm_row(y, lanes.lane(), lanes.lanes, lanes.channels);
    if (row >= lanes.count) continue;
    if (lanes.lane() == 0) args.scales[row] = scale;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t place = lanes.in_row(row, v);
      if (place >= 0) store8(args.normed + place, y[v]);
    }
  }
}

/// d_x = d_sum + (g − mean(g) − normed · mean(g ⊙ normed)) · scale, g the gradient of normed.
template <typename T, int kVectors, typename Rows>
__global__ void __launch_bounds__(kThreads, kVectors <= kKeptVectors ? 4 : 1)
    residual_unit_norm_backward_kernel(const CudaResidualUnitNormBackwardArguments<T> args,
                                       const Lanes<Rows> lanes) {
  // Where rows are long, one after the other leaves enough to load at once.
  constexpr bool kAhead = kVectors <= kKeptVectors;
  extern __shared__ float sums[];  // [at_once, channels]
  const std::int64_t rows_of_frame = args.shape.rows_of_frame();
  const auto channels = static_cast<float>(lanes.channels);
  float d_bias[kVectors][kRowVector] = {};
  std::int64_t row = lanes.first() + static_cast<int>(threadIdx.x) / lanes.lanes;
  RawRow<kVectors, T> next_normed, next_g, next_sum;
  const auto load = [&](std::int64_t of) {
    const auto in_row = [&](int v) { return lanes.in_row(of, v); };
    next_normed.load(args.normed, in_row);
    next_g.load(args.d_normed, in_row);
    next_sum.load(args.d_sum, [&](int v) { return lanes.in_map(of, v); });
  };
  if (kAhead) load(row);
  for (std::int64_t base = lanes.first(); base < lanes.count;
       base += lanes.step(), row += lanes.step()) {
    if (!kAhead) load(row);
    const RawRow<kVectors, T> normed = next_normed, g = next_g, d_sum = next_sum;
    if (kAhead) load(row + lanes.step());
    const bool exists = row < lanes.count;
    const float scale = exists ? args.scales[row] : 0.F;
    const float keep = exists ? factor_of_row(args.keep, row, rows_of_frame) : 0.F;
    float sum = 0.F, product = 0.F;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      float a[kRowVector], b[kRowVector];
      normed.get(v, a);
      g.get(v, b);
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) {
        sum += b[e];
        product = fmaf(a[e], b[e], product);
      }
    }
    const float mean = sum_of_lanes(sum, lanes.lanes) / channels;
    const float slope = sum_of_lanes(product, lanes.lanes) / channels;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t place = lanes.in_map(row, v);
      if (place < 0) continue;
      float a[kRowVector], b[kRowVector], d[kRowVector];
      normed.get(v, a);
      g.get(v, b);
      d_sum.get(v, d);
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) {
        d[e] = fmaf(scale, b[e] - fmaf(slope, a[e], mean), d[e]);
        d_bias[v][e] = fmaf(keep, d[e], d_bias[v][e]);
      }
      store8(args.d_x + place, d);
    }
  }
  if (args.d_bias == nullptr) return;
  sum_parts<kThreads>(d_bias, sums, lanes.lanes, lanes.channels, [&](int c, float sum) {
    args.d_bias[static_cast<std::int64_t>(blockIdx.x) * lanes.channels + c] = sum;
  });
}

/// Calls run(lanes, the number of vectors as a type) for the rows of a shape.
template <typename Run>
cudaError_t with_lanes(const ResidualRows& shape, const Run& run) {
  const int channels = shape.row_channels();
  const RowSharing sharing(channels);
  const std::int64_t count = shape.frames * shape.rows_of_frame();
  const auto with_rows = [&](const auto& lanes) {
    return with_vectors(sharing, [&](auto vectors) { return run(lanes, vectors); });
  };
  if (shape.merged) {
    return with_rows(Lanes<MergedRows>{
        {shape.channels, shape.height, shape.width}, count, channels, sharing.lanes});
  }
  return with_rows(Lanes<PlainRows>{{channels}, count, channels, sharing.lanes});
}

/// Calls run(backward kernel, lanes, bytes of shared memory of a block) for the rows of a shape.
template <typename T, typename Run>
cudaError_t with_backward_kernel(const ResidualRows& shape, const Run& run) {
  return with_lanes(shape, [&](const auto& lanes, auto vectors) {
    using Rows = decltype(lanes.rows);
    const auto shared = sizeof(float) * static_cast<std::size_t>(lanes.channels) *
                        static_cast<std::size_t>(kThreads / lanes.lanes);
    return run(residual_unit_norm_backward_kernel<T, vectors, Rows>, lanes, shared);
  });
}

}  // namespace

template <typename T>
cudaError_t residual_unit_norm(const CudaResidualUnitNormArguments<T>& args, cudaStream_t stream) {
  return with_lanes(args.shape, [&](const auto& lanes, auto vectors) {
    using Rows = decltype(lanes.rows);
    return launch_resident(residual_unit_norm_kernel<T, vectors, Rows>, kThreads, 0, lanes.blocks(),
                           stream, args, lanes);
  });
}

template <typename T>
cudaError_t residual_unit_norm_backward_parts(const ResidualRows& shape, int* parts) {
  return with_backward_kernel<T>(shape, [&](auto* kernel, const auto& lanes, std::size_t shared) {
    std::int64_t most = 0;
    if (const cudaError_t error = find_resident_blocks(kernel, kThreads, shared, most)) {
      return error;
    }
    *parts = static_cast<int>(lanes.blocks() < most ? lanes.blocks() : most);
    return cudaSuccess;
  });
}

template <typename T>
cudaError_t residual_unit_norm_backward(const CudaResidualUnitNormBackwardArguments<T>& args,
                                        cudaStream_t stream) {
  return with_backward_kernel<T>(
      args.shape, [&](auto* kernel, const auto& lanes, std::size_t shared) {
        kernel<<<static_cast<unsigned>(args.parts), kThreads, shared, stream>>>(args, lanes);
        return cudaGetLastError();
      });
}

#define OMNIQ_INSTANTIATE(T)                                                                      \
  template cudaError_t residual_unit_norm(const CudaResidualUnitNormArguments<T>&, cudaStream_t); \
  template cudaError_t residual_unit_norm_backward_parts<T>(const ResidualRows&, int*);           \
  template cudaError_t residual_unit_norm_backward(                                               \
      const CudaResidualUnitNormBackwardArguments<T>&, cudaStream_t);
OMNIQ_INSTANTIATE(__half)
OMNIQ_INSTANTIATE(__nv_bfloat16)

}  // namespace omniq::kernels::detail
