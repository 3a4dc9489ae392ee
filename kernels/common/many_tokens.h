// When kernels pay whose blocks bring a layer's weights into their shared memory first.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAContext.h>

#include <cstdint>

namespace omniq::kernels::detail {

/// Whether tokens [n, channels] on a GPU are enough for every multiprocessor: 512 for each.
inline bool has_many_tokens(const at::Tensor& tokens) {
  constexpr std::int64_t kFew = 512;
  return tokens.size(0) >=
         kFew * at::cuda::getDeviceProperties(tokens.device().index())->multiProcessorCount;
}

}  // namespace omniq::kernels::detail
