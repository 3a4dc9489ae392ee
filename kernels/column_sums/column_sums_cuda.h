// The kernel of column_sums(), on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

/// How many parts the rows are cut into, the sums of which are left to be added.
std::int64_t column_sum_slices(std::int64_t rows, std::int64_t columns);

/// x [rows, columns], contiguous and at a multiple of 16 bytes, of at least one column; out
/// [slices, columns]. T: float, __half or __nv_bfloat16.
template <typename T>
cudaError_t launch_column_sums(const T* x, std::int64_t rows, std::int64_t columns, float* out,
                               cudaStream_t stream);

}  // namespace omniq::kernels::detail
