// What the kernels of the scan take, on the CPU and on CUDA: compiled without torch.
#pragma once

#include <cstdint>

#include "kernels/common/rows.h"

namespace omniq::kernels::detail {

/// Parameter: T on the CPU; on CUDA float, for T float, __half or __nv_bfloat16, and rows of B and
/// C start at multiples of 16 bytes.
template <typename T, typename Parameter>
struct ScanArguments {
  std::int64_t directions, clips, tokens, channels, states;
  Rows<const T> u, delta, B, C, z;                   // z.data is null for no gate
  const Parameter *A, *rates, *D_skip, *delta_bias;  // [directions or 1, channels, ·], contiguous
  std::int64_t A_direction, rates_direction, D_direction, bias_direction;  // strides; 0 if shared
  const bool* mask;  // [clips, tokens], contiguous; or null
  // rates: null, as on the CPU, or A = −(n + 1) · rates for state n, and the exponentials of a
  // channel are powers of one.
};

}  // namespace omniq::kernels::detail
