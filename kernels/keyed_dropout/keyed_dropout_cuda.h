// The CUDA kernels of keyed randomness, on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

/// Of contiguous x [outer, batch, inner]; element o · inner + i of a sample is x[o, sample, i].
struct KeyedRows {
  std::int64_t outer, batch, inner;
  const std::int64_t* samples;  // [batch]
  std::uint64_t key;
};

/// T: double, float, __half or __nv_bfloat16. Elements whose bits are below `threshold` become
/// zero, others are multiplied by `scale`.
template <typename T>
cudaError_t keyed_dropout(const KeyedRows& rows, const T* x, std::uint32_t threshold, double scale,
                          T* y, cudaStream_t stream);

/// out [batch, inner]; outer must be 1.
cudaError_t keyed_uniform(const KeyedRows& rows, float* out, cudaStream_t stream);

}  // namespace omniq::kernels::detail
