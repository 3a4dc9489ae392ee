// A thread has eight hidden channels and goes down the rows, so that their biases and the biases'
// gradients stay in its registers.
#include "kernels/common/cuda_token_rows.cuh"
#include "kernels/gelu_linear/gelu_linear_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kColumns = 16, kRows = 16;  // of a block's threads
constexpr int kAhead = 2;                 // rows of a thread that are on the way
constexpr int kResident = 3;              // blocks that a multiprocessor has the registers for

/// Φ(x) to 3e-7 and the density φ(x): erfc by a polynomial (Abramowitz and Stegun, 7.1.26), which
/// has the density as a factor.
struct Normal {
  float distribution, density;
};
__device__ __forceinline__ Normal normal(float x) {
  const float z = fabsf(x);
  const float t = fast_reciprocal(fmaf(0.3275911F * 0.70710678F, z, 1.F));
  const float e = fast_exp2(-0.5F * kLog2E * z * z);
  float series = 1.061405429F;
  series = fmaf(series, t, -1.453152027F);
  series = fmaf(series, t, 1.421413741F);
  series = fmaf(series, t, -0.284496736F);
  series = fmaf(series, t, 0.254829592F);
  const float tail = 0.5F * series * t * e;  // Φ(−z)
  return {x < 0.F ? tail : 1.F - tail, 0.39894228F * e};
}

/// A thread's place in a block and in the rows.
struct Share {
  int column;  // the first of its channels
  std::int64_t row, step;

  __device__ Share()
      : column(
            (static_cast<int>(blockIdx.x) * kColumns + static_cast<int>(threadIdx.x) % kColumns) *
            kRowVector),
        row(static_cast<std::int64_t>(blockIdx.y) * kRows +
            static_cast<int>(threadIdx.x) / kColumns),
        step(static_cast<std::int64_t>(gridDim.y) * kRows) {}
};

template <typename T>
__device__ __forceinline__ void unpack(const uint4& raw, float (&x)[kRowVector]) {
  load8(reinterpret_cast<const T*>(&raw), x);
}

template <typename T>
__global__ void __launch_bounds__(kColumns* kRows, kResident)
    gelu_kernel(const CudaGeluArguments<T> args) {
  const Share share;
  if (share.column >= args.hidden) return;
  float bias[kRowVector];
  load8(args.bias + share.column, bias);
  for (std::int64_t base = share.row; base < args.rows; base += kAhead * share.step) {
    uint4 raw[kAhead];
#pragma unroll
    for (int a = 0; a < kAhead; ++a) {
      const std::int64_t row = base + a * share.step;
      if (row < args.rows)
        raw[a] = *reinterpret_cast<const uint4*>(args.x + row * args.hidden + share.column);
    }
#pragma unroll
    for (int a = 0; a < kAhead; ++a) {
      const std::int64_t row = base + a * share.step;
      if (row >= args.rows) break;
      const float keep = factor_of_row(args.keep, row, args.rows_of_frame);
      float x[kRowVector];
      unpack<T>(raw[a], x);
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) {
        x[e] += bias[e];
        x[e] *= keep * normal(x[e]).distribution;
      }
      store8(args.active + row * args.hidden + share.column, x);
    }
  }
}

template <typename T>
__global__ void __launch_bounds__(kColumns* kRows, kResident)
    gelu_backward_kernel(const CudaGeluArguments<T> args, T* gradient, float* d_bias) {
  __shared__ float sums[kRows][kColumns * kRowVector];
  const Share share;
  const bool exists = share.column < args.hidden;
  float sum[kRowVector] = {};
  if (exists) {
    float bias[kRowVector];
    load8(args.bias + share.column, bias);
    for (std::int64_t base = share.row; base < args.rows; base += kAhead * share.step) {
      uint4 raw[kAhead], raw_d[kAhead];
#pragma unroll
      for (int a = 0; a < kAhead; ++a) {
        const std::int64_t row = base + a * share.step;
        if (row >= args.rows) break;
        const std::int64_t place = row * args.hidden + share.column;
        raw[a] = *reinterpret_cast<const uint4*>(args.x + place);
        raw_d[a] = *reinterpret_cast<const uint4*>(gradient + place);
      }
#pragma unroll
      for (int a = 0; a < kAhead; ++a) {
        const std::int64_t row = base + a * share.step;
        if (row >= args.rows) break;
        const float keep = factor_of_row(args.keep, row, args.rows_of_frame);
        float x[kRowVector], d[kRowVector];
        unpack<T>(raw[a], x);
        unpack<T>(raw_d[a], d);
#pragma unroll
        for (int e = 0; e < kRowVector; ++e) {
          x[e] += bias[e];
          const Normal of = normal(x[e]);
          d[e] *= keep * fmaf(x[e], of.density, of.distribution);
          sum[e] += d[e];
          x[e] *= keep * of.distribution;
        }
        const std::int64_t place = row * args.hidden + share.column;
        store8(gradient + place, d);
        store8(args.active + place, x);
      }
    }
  }
  float* own = &sums[threadIdx.x / kColumns][threadIdx.x % kColumns * kRowVector];
#pragma unroll
  for (int e = 0; e < kRowVector; ++e) own[e] = sum[e];
  __syncthreads();
  const int first = static_cast<int>(blockIdx.x) * kColumns * kRowVector;
  for (int c = static_cast<int>(threadIdx.x); c < kColumns * kRowVector; c += kColumns * kRows) {
    if (first + c >= args.hidden) continue;
    float all = 0.F;
    for (int r = 0; r < kRows; ++r) all += sums[r][c];
    d_bias[static_cast<std::int64_t>(blockIdx.y) * args.hidden + first + c] = all;
  }
}

int blocks_of_row(int hidden) {
  return (hidden + kColumns * kRowVector - 1) / (kColumns * kRowVector);
}

}  // namespace

template <typename T>
cudaError_t gelu(const CudaGeluArguments<T>& args, cudaStream_t stream) {
  const std::int64_t down = (args.rows + kRows * kAhead - 1) / (kRows * kAhead);
  const dim3 blocks(static_cast<unsigned>(blocks_of_row(args.hidden)),
                    static_cast<unsigned>(down < 65535 ? down : 65535));
  gelu_kernel<<<blocks, kColumns * kRows, 0, stream>>>(args);
  return cudaGetLastError();
}

int gelu_backward_parts(std::int64_t rows, int hidden, int processors) {
  const std::int64_t most =
      (kResident * processors + blocks_of_row(hidden) - 1) / blocks_of_row(hidden);
  const std::int64_t all = (rows + kRows - 1) / kRows;
  return static_cast<int>(all < most ? all : most);
}

template <typename T>
cudaError_t gelu_backward(const CudaGeluArguments<T>& args, T* d, float* d_bias, int parts,
                          cudaStream_t stream) {
  const dim3 blocks(static_cast<unsigned>(blocks_of_row(args.hidden)),
                    static_cast<unsigned>(parts));
  gelu_backward_kernel<<<blocks, kColumns * kRows, 0, stream>>>(args, d, d_bias);
  return cudaGetLastError();
}

#define OMNIQ_INSTANTIATE(T)                                            \
  template cudaError_t gelu(const CudaGeluArguments<T>&, cudaStream_t); \
  template cudaError_t gelu_backward(const CudaGeluArguments<T>&, T*, float*, int, cudaStream_t);
OMNIQ_INSTANTIATE(__half)
OMNIQ_INSTANTIATE(__nv_bfloat16)

}  // namespace omniq::kernels::detail
