// The tensor cores' product of 16 × 16 and 16 × 8 in bfloat16 or float16, on operands in registers.
//
// A left operand holds for lane 4g + i the elements of rows g and g + 8, columns 2i, 2i + 1, 2i + 8
// and 2i + 9; a right one rows 2i, 2i + 1, 2i + 8 and 2i + 9 of column g. A result holds rows g and
// g + 8, columns 2i and 2i + 1.
#pragma once

#include "kernels/common/cuda_math.cuh"

namespace omniq::kernels::detail {

/// Two floats rounded to T, the first in the low half.
template <typename T>
__device__ __forceinline__ unsigned pack_half(float first, float second) {
  if constexpr (std::is_same_v<T, __half>) {
    const __half2 pair = __floats2half2_rn(first, second);
    return reinterpret_cast<const unsigned&>(pair);
  } else {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(first, second);
    return reinterpret_cast<const unsigned&>(pair);
  }
}

/// sum += left · right; operands of two T a register, sums in float32.
template <typename T>
__device__ __forceinline__ void multiply_half(float (&sum)[4], const unsigned (&left)[4],
                                              const unsigned (&right)[2]) {
  if constexpr (std::is_same_v<T, __half>) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right[0]), "r"(right[1]));
  } else {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right[0]), "r"(right[1]));
  }
}

/// The same of 16 × 8 and 8 × 8: the first columns of a left operand, the first rows of a right
/// one.
template <typename T>
__device__ __forceinline__ void multiply_half(float (&sum)[4], const unsigned (&left)[2],
                                              unsigned right) {
  if constexpr (std::is_same_v<T, __half>) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(left[0]), "r"(left[1]), "r"(right));
  } else {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(left[0]), "r"(left[1]), "r"(right));
  }
}

/// Sum over the four lanes that share rows of a result.
__device__ __forceinline__ float sum_of_row(float x) {
  x += __shfl_xor_sync(kFullWarp, x, 1);
  return x + __shfl_xor_sync(kFullWarp, x, 2);
}

/// The transpose of an 8 × 8 matrix of which lane 4g + i holds row g, columns 2i and 2i + 1.
__device__ __forceinline__ unsigned transpose_matrix(unsigned x) {
  unsigned y;
  asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(y) : "r"(x));
  return y;
}

}  // namespace omniq::kernels::detail
