// What the kernels of the convolution take, on the CPU and on CUDA: compiled without torch.
#pragma once

#include <cstdint>

#include "kernels/common/rows.h"

namespace omniq::kernels::detail {

/// Parameter: T on the CPU; on CUDA float, for T float, __half or __nv_bfloat16.
template <typename T, typename Parameter>
struct ConvArguments {
  std::int64_t directions, clips, tokens, channels, width;
  std::int64_t ahead;  // tokens after its own that the filter reaches; 0 if it is causal
  Rows<const T> x;
  const Parameter *weight,
      *bias;  // [directions or 1, width, channels], [directions or 1, channels]
  std::int64_t weight_direction, bias_direction;  // strides; 0 where the directions share
  const bool* mask;                               // [clips, tokens], contiguous; null for none
  bool vectors;  // CUDA: four channels at a time: rows of x are aligned to four elements, as is
                 // their number
};

}  // namespace omniq::kernels::detail
