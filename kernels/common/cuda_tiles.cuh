// Products of 64 × 64 tiles on tensor cores, by four warps of which each has 16 rows of the result.
// A policy says how: operands as bfloat16, or as float32 which the tensor cores take in parts.
//
// A fragment of a left operand [16 × 16] holds for lane 4g + i the elements of rows g and g + 8,
// columns 2i, 2i + 1, 2i + 8, 2i + 9; one of a right operand [16 × 8] the same rows of column g.
// Results [16 × 8] hold rows g and g + 8, columns 2i and 2i + 1: two neighbours of them are a left
// operand.
#pragma once

#include <cstdint>

#include "kernels/common/cuda_half_products.cuh"

namespace omniq::kernels::detail {

inline constexpr int kTile = 64;            // rows and columns
inline constexpr int kTileThreads = 128;    // of a block that works on tiles
inline constexpr int kTileRow = kTile + 8;  // elements from row to row: no bank conflicts
inline constexpr int kTileElements = kTile * kTileRow;

/// What a warp has of a product: 16 rows × 64 columns, [columns / 8][element].
using TileResult = float[8][4];

template <int kResults>
__device__ __forceinline__ void clear(float (&x)[kResults][4]) {
#pragma unroll
  for (auto& result : x) {
#pragma unroll
    for (float& e : result) e = 0.F;
  }
}

__device__ __forceinline__ int lane_index() { return static_cast<int>(threadIdx.x % 32); }
__device__ __forceinline__ int lane_row() { return lane_index() / 4; }         // g above
__device__ __forceinline__ int lane_column() { return lane_index() % 4 * 2; }  // 2i above
__device__ __forceinline__ int warp_row() { return static_cast<int>(threadIdx.x) / 32 * 16; }

__device__ __forceinline__ unsigned pack_bf16(float first, float second) {
  return pack_half<__nv_bfloat16>(first, second);
}

/// Operands in bfloat16, sums in float32.
struct Bf16Products {
  using Element = __nv_bfloat16;

  struct Left {
    unsigned pairs[4];
    /// Elements of row g + 8 (i % 2), columns 2i + 8 (i / 2) and the next.
    __device__ __forceinline__ void set(int i, float first, float second) {
      pairs[i] = pack_bf16(first, second);
    }
    __device__ __forceinline__ float2 get(int i) const {
      return {__uint_as_float(pairs[i] << 16), __uint_as_float(pairs[i] & 0xffff0000U)};
    }
  };
  struct Right {
    unsigned pairs[2];
  };

  __device__ static __forceinline__ void load_matrices(unsigned (&to)[4], const Element* from) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(static_cast<unsigned>(__cvta_generic_to_shared(from)))
                 : "memory");
  }
  __device__ static __forceinline__ void load_transposed(unsigned (&to)[4], const Element* from) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(static_cast<unsigned>(__cvta_generic_to_shared(from)))
                 : "memory");
  }

  /// tile [row][k], from (row, k) on.
  __device__ static __forceinline__ Left left(const Element* tile, int row, int k) {
    const int lane = lane_index();
    Left x;
    load_matrices(x.pairs, tile + (row + lane % 16) * kTileRow + k + lane / 16 * 8);
    return x;
  }
  /// The same of a tile that is stored [k][row].
  __device__ static __forceinline__ Left left_transposed(const Element* tile, int row, int k) {
    const int lane = lane_index();
    Left x;
    load_transposed(x.pairs,
                    tile + (k + lane % 8 + lane / 16 * 8) * kTileRow + row + lane / 8 % 2 * 8);
    return x;
  }
  /// Columns `column` to column + 15 of a tile that is stored [column][k].
  __device__ static __forceinline__ void right_of_columns(const Element* tile, int k, int column,
                                                          Right (&x)[2]) {
    const int lane = lane_index();
    unsigned all[4];
    load_matrices(all,
                  tile + (column + lane % 8 + lane / 16 * 8) * kTileRow + k + lane / 8 % 2 * 8);
    x[0] = {{all[0], all[1]}};
    x[1] = {{all[2], all[3]}};
  }
  /// The same of a tile that is stored [k][column].
  __device__ static __forceinline__ void right(const Element* tile, int k, int column,
                                               Right (&x)[2]) {
    const int lane = lane_index();
    unsigned all[4];
    load_transposed(all, tile + (k + lane % 16) * kTileRow + column + lane / 16 * 8);
    x[0] = {{all[0], all[1]}};
    x[1] = {{all[2], all[3]}};
  }

  __device__ static __forceinline__ void multiply(float (&sum)[4], const Left& a, const Right& b) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a.pairs[0]), "r"(a.pairs[1]), "r"(a.pairs[2]), "r"(a.pairs[3]), "r"(b.pairs[0]),
          "r"(b.pairs[1]));
  }
};

/// Operands in float32, which the tensor cores round to TF32 (as precise as float16, with the range
/// of float32). With kExact each is the sum of two, and the product loses no more than float32
/// does.
template <bool kExact>
struct Tf32Products {
  using Element = float;

  struct Left {
    float values[8];
    __device__ __forceinline__ void set(int i, float first, float second) {
      values[2 * i] = first, values[2 * i + 1] = second;
    }
    __device__ __forceinline__ float2 get(int i) const {
      return {values[2 * i], values[2 * i + 1]};
    }
  };
  struct Right {
    float values[4];
  };

  __device__ static __forceinline__ Left left(const Element* tile, int row, int k) {
    Left x;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float2 pair = *reinterpret_cast<const float2*>(
          tile + (row + lane_row() + i % 2 * 8) * kTileRow + k + lane_column() + i / 2 * 8);
      x.set(i, pair.x, pair.y);
    }
    return x;
  }
  __device__ static __forceinline__ Left left_transposed(const Element* tile, int row, int k) {
    Left x;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const Element* from =
          tile + (k + lane_column() + i / 2 * 8) * kTileRow + row + lane_row() + i % 2 * 8;
      x.set(i, from[0], from[kTileRow]);
    }
    return x;
  }
  __device__ static __forceinline__ void right_of_columns(const Element* tile, int k, int column,
                                                          Right (&x)[2]) {
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      const Element* from = tile + (column + n * 8 + lane_row()) * kTileRow + k + lane_column();
#pragma unroll
      for (int j = 0; j < 4; ++j) x[n].values[j] = from[j % 2 + j / 2 * 8];
    }
  }
  __device__ static __forceinline__ void right(const Element* tile, int k, int column,
                                               Right (&x)[2]) {
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      const Element* from = tile + (k + lane_column()) * kTileRow + column + n * 8 + lane_row();
#pragma unroll
      for (int j = 0; j < 4; ++j) x[n].values[j] = from[(j % 2 + j / 2 * 8) * kTileRow];
    }
  }

  __device__ static __forceinline__ unsigned round(float x) {
    unsigned y;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
    return y;
  }
  __device__ static __forceinline__ unsigned remainder(float x, unsigned rounded) {
    return round(x - __uint_as_float(rounded));
  }
  __device__ static __forceinline__ void multiply_part(float (&sum)[4], const unsigned (&a)[4],
                                                       const unsigned (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }

  // The instruction's columns i and i + 4 of k are our 2i and 2i + 1: a sum has no order.
  __device__ static __forceinline__ void multiply(float (&sum)[4], const Left& a, const Right& b) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float* v = a.values + 4 * half;
      const float* w = b.values + 2 * half;
      const unsigned a_high[4] = {round(v[0]), round(v[2]), round(v[1]), round(v[3])};
      const unsigned b_high[2] = {round(w[0]), round(w[1])};
      if constexpr (kExact) {
        const unsigned a_low[4] = {remainder(v[0], a_high[0]), remainder(v[2], a_high[1]),
                                   remainder(v[1], a_high[2]), remainder(v[3], a_high[3])};
        const unsigned b_low[2] = {remainder(w[0], b_high[0]), remainder(w[1], b_high[1])};
        multiply_part(sum, a_low, b_high);
        multiply_part(sum, a_high, b_low);
      }
      multiply_part(sum, a_high, b_high);
    }
  }
};

/// How a dtype's products are taken.
template <typename T>
struct ProductsOf;
template <>
struct ProductsOf<__nv_bfloat16> {
  using Type = Bf16Products;
};
template <>
struct ProductsOf<__half> {  // as bfloat16, large values would fit but not keep their precision
  using Type = Tf32Products<false>;
};
template <>
struct ProductsOf<float> {
  using Type = Tf32Products<true>;
};

/// sum += a · (16 rows of k from `k` on, all 64 columns) of a tile that is stored [k][column] or,
/// with kByColumns, [column][k].
template <typename M, bool kByColumns = false>
__device__ __forceinline__ void multiply_rows(TileResult& sum, const typename M::Left& a,
                                              const typename M::Element* tile, int k) {
#pragma unroll
  for (int n = 0; n < 4; ++n) {
    typename M::Right b[2];
    if constexpr (kByColumns) M::right_of_columns(tile, k, n * 16, b);
    if constexpr (!kByColumns) M::right(tile, k, n * 16, b);
    M::multiply(sum[2 * n], a, b[0]);
    M::multiply(sum[2 * n + 1], a, b[1]);
  }
}

/// Row g of the fragment times `first`, row g + 8 times `second`.
template <typename M>
__device__ __forceinline__ void scale_rows(typename M::Left& a, float first, float second) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 x = a.get(i);
    const float scale = i % 2 == 0 ? first : second;
    a.set(i, x.x * scale, x.y * scale);
  }
}

/// Column k of the fragment times scales[k].
template <typename M>
__device__ __forceinline__ typename M::Left with_scaled_columns(const typename M::Left& a,
                                                                const float* scales) {
  typename M::Left result;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 x = a.get(i);
    const float2 scale = *reinterpret_cast<const float2*>(scales + lane_column() + i / 2 * 8);
    result.set(i, x.x * scale.x, x.y * scale.y);
  }
  return result;
}

/// Starts to bring rows × columns (columns a multiple of 16) of a matrix, whose rows start at
/// multiples of 16 bytes, into a tile; the rest of it becomes zero. wait_for_tiles() and a barrier
/// end it. All of the block's threads.
template <typename Element, typename T>
__device__ __forceinline__ void fetch_tile(Element* tile, const T* from, std::int64_t row_stride,
                                           int rows, int columns) {
  constexpr int kVector = 16 / sizeof(T);
  constexpr int kOfRow = kTile / kVector, kRows = kTileThreads / kOfRow;  // rows of a step
  const int first = static_cast<int>(threadIdx.x) / kOfRow;
  const int column = static_cast<int>(threadIdx.x) % kOfRow * kVector;
  const T* source = from + first * row_stride + column;
  Element* to = tile + first * kTileRow + column;
  if (column >= columns) rows = 0;
#pragma unroll
  for (int step = 0; step < kTile / kRows; ++step) {
    const bool exists = first + step * kRows < rows;
    if constexpr (std::is_same_v<T, Element>) {
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                   :
                   : "r"(static_cast<unsigned>(__cvta_generic_to_shared(to))), "l"(source),
                     "r"(exists ? 16 : 0)
                   : "memory");
    } else {
      float values[8] = {};
      if (exists) load8(source, values);
#pragma unroll
      for (int j = 0; j < 8; ++j) to[j] = values[j];
    }
    source += kRows * row_stride;
    to += kRows * kTileRow;
  }
}

/// Waits until all but the last `kPending` groups of tiles have arrived; end_of_group() ends one.
__device__ __forceinline__ void end_of_group() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int kPending = 0>
__device__ __forceinline__ void wait_for_tiles() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}
/// One barrier after waiting for everything.
__device__ __forceinline__ void all_tiles_here() {
  end_of_group();
  wait_for_tiles<0>();
  __syncthreads();
}

/// Two neighbours in a row.
template <typename T>
struct alignas(2 * sizeof(T)) Pair {
  T values[2];
};
template <typename T>
__device__ __forceinline__ void store_pair(T* to, float first, float second) {
  *reinterpret_cast<Pair<T>*>(to) = {{from_float<T>(first), from_float<T>(second)}};
}
template <typename T>
__device__ __forceinline__ float2 load_pair(const T* from) {
  const auto pair = *reinterpret_cast<const Pair<T>*>(from);
  return {to_float(pair.values[0]), to_float(pair.values[1])};
}

/// The pair of a tile that is where a result has columns 8n + 2i and the next, of row g or g + 8.
template <typename T>
__device__ __forceinline__ float2 load_own_pair(const T* tile, int n, int half) {
  return load_pair(tile + (warp_row() + lane_row() + half * 8) * kTileRow + n * 8 + lane_column());
}

/// Sum over the eight lanes that share columns of a result.
__device__ __forceinline__ float sum_of_column(float x) {
  x += __shfl_xor_sync(kFullWarp, x, 4);
  x += __shfl_xor_sync(kFullWarp, x, 8);
  return x + __shfl_xor_sync(kFullWarp, x, 16);
}

/// Writes the first `rows` of the warp's 16 rows, 64 columns each, to rows that start at multiples
/// of 16 bytes. `tile` is scratch of the block, of which the warp's own rows are used.
template <typename T, typename Element>
__device__ __forceinline__ void store_rows(const TileResult& x, Element* tile, T* to,
                                           std::int64_t row_stride, int rows) {
  static_assert(sizeof(T) <= sizeof(Element));
  constexpr int kVector = 16 / sizeof(T);
  constexpr int kOfRow = kTile / kVector;
  T* scratch = reinterpret_cast<T*>(tile + warp_row() * kTileRow);
  __syncwarp();
#pragma unroll
  for (int n = 0; n < 8; ++n) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      store_pair(scratch + (lane_row() + half * 8) * kTileRow + n * 8 + lane_column(),
                 x[n][2 * half], x[n][2 * half + 1]);
    }
  }
  __syncwarp();
#pragma unroll
  for (int i = 0; i < 16 * kOfRow / 32; ++i) {
    const int row = (i * 32 + lane_index()) / kOfRow, column = lane_index() % kOfRow * kVector;
    if (row >= rows) break;
    *reinterpret_cast<uint4*>(to + row * row_stride + column) =
        *reinterpret_cast<const uint4*>(scratch + row * kTileRow + column);
  }
}

}  // namespace omniq::kernels::detail
