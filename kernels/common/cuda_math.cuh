// What the CUDA kernels share: reading and writing of each dtype as float32, and the functions they
// apply to it.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

namespace omniq::kernels::detail {

inline constexpr float kLog2E = 1.44269504088896341F;
inline constexpr unsigned kFullWarp = 0xffffffffU;

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(__half x) { return __half2float(x); }
__device__ __forceinline__ float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T>
__device__ __forceinline__ T from_float(float x) {
  if constexpr (std::is_same_v<T, __half>) {
    return __float2half_rn(x);
  } else if constexpr (std::is_same_v<T, __nv_bfloat16>) {
    return __float2bfloat16_rn(x);
  } else {
    return x;
  }
}

/// Four consecutive values; the address is a multiple of their size together.
__device__ __forceinline__ float4 load4(const float* x) {
  return *reinterpret_cast<const float4*>(x);
}
__device__ __forceinline__ float4 load4(const __half* x) {
  const uint2 raw = *reinterpret_cast<const uint2*>(x);
  const float2 low = __half22float2(reinterpret_cast<const __half2&>(raw.x));
  const float2 high = __half22float2(reinterpret_cast<const __half2&>(raw.y));
  return {low.x, low.y, high.x, high.y};
}
__device__ __forceinline__ float4 load4(const __nv_bfloat16* x) {
  // A bfloat16 is the upper half of a float.
  const uint2 raw = *reinterpret_cast<const uint2*>(x);
  return {__uint_as_float(raw.x << 16), __uint_as_float(raw.x & 0xffff0000U),
          __uint_as_float(raw.y << 16), __uint_as_float(raw.y & 0xffff0000U)};
}

/// Eight consecutive values; the address is a multiple of 16 bytes.
__device__ __forceinline__ void load8(const float* x, float (&out)[8]) {
  const float4 a = load4(x), b = load4(x + 4);
  out[0] = a.x, out[1] = a.y, out[2] = a.z, out[3] = a.w;
  out[4] = b.x, out[5] = b.y, out[6] = b.z, out[7] = b.w;
}
__device__ __forceinline__ void load8(const __half* x, float (&out)[8]) {
  const uint4 raw = *reinterpret_cast<const uint4*>(x);
  const unsigned words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 pair = __half22float2(reinterpret_cast<const __half2&>(words[i]));
    out[2 * i] = pair.x, out[2 * i + 1] = pair.y;
  }
}
__device__ __forceinline__ void load8(const __nv_bfloat16* x, float (&out)[8]) {
  const uint4 raw = *reinterpret_cast<const uint4*>(x);
  const unsigned words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    out[2 * i] = __uint_as_float(words[i] << 16);
    out[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000U);
  }
}

/// kCount consecutive values, 1 or 4; addresses as for load4().
template <int kCount, typename T>
__device__ __forceinline__ void load_some(const T* x, float (&out)[kCount]) {
  static_assert(kCount == 1 || kCount == 4);
  if constexpr (kCount == 1) {
    out[0] = to_float(*x);
  } else {
    const float4 all = load4(x);
    out[0] = all.x, out[1] = all.y, out[2] = all.z, out[3] = all.w;
  }
}
template <int kCount, typename T>
__device__ __forceinline__ void store_some(T* to, const float (&x)[kCount]) {
  static_assert(kCount == 1 || kCount == 4);
  struct alignas(sizeof(T) * kCount) Together {
    T values[kCount];
  } together;
#pragma unroll
  for (int i = 0; i < kCount; ++i) together.values[i] = from_float<T>(x[i]);
  *reinterpret_cast<Together*>(to) = together;
}

/// 2^x by the special-function unit: relative error about 2^-22, results below 2^-126 are zero.
__device__ __forceinline__ float fast_exp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// 1 / x by the special-function unit: relative error about 2^-23.
__device__ __forceinline__ float fast_reciprocal(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// log(1 + exp(x)) without overflow, with a relative error below 1e-6 also where it is tiny, and
/// its derivative, the sigmoid.
struct Softplus {
  float value, slope;
};
__device__ __forceinline__ Softplus softplus(float x) {
  const float e = fast_exp2(-kLog2E * fabsf(x));  // in [0, 1]
  // log(1 + e) = 2 artanh(s) with s = e / (2 + e) ≤ 1/3.
  const float s = e * fast_reciprocal(2.F + e);
  const float s2 = s * s;
  float series = 2.F / 13.F;
  series = fmaf(series, s2, 2.F / 11.F);
  series = fmaf(series, s2, 2.F / 9.F);
  series = fmaf(series, s2, 2.F / 7.F);
  series = fmaf(series, s2, 2.F / 5.F);
  series = fmaf(series, s2, 2.F / 3.F);
  series = fmaf(series, s2, 2.F);
  const float r = fast_reciprocal(1.F + e);
  return {fmaf(series, s, fmaxf(x, 0.F)), x < 0.F ? e * r : r};
}

__device__ __forceinline__ float sum_of_warp(float x) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    x += __shfl_xor_sync(kFullWarp, x, distance);
  }
  return x;
}

__device__ __forceinline__ float sigmoid(float x) {
  // 2^(…) may be infinite: its reciprocal is then the right 0.
  return fast_reciprocal(1.F + fast_exp2(-kLog2E * x));
}

__device__ __forceinline__ float silu(float x) { return x * sigmoid(x); }

/// d silu(x) / dx.
__device__ __forceinline__ float silu_derivative(float x) {
  const float s = sigmoid(x);
  return s * (1.F + x * (1.F - s));
}

}  // namespace omniq::kernels::detail
