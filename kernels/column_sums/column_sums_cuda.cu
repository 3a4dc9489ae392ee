// A block has some columns of some rows. Lanes side by side have neighbouring columns; each adds up
// rows in the order in which they lie, and the block adds up those of a column.
#include <algorithm>

#include "kernels/column_sums/column_sums_cuda.h"
#include "kernels/common/cuda_math.cuh"

namespace omniq::kernels::detail {
namespace {

constexpr int kThreads = 512, kVector = 4;
constexpr int kFewLanes = 32;                  // of a row, where few blocks could have whole rows
constexpr std::int64_t kFewRows = 2048;        // which one block for each column adds up
constexpr std::int64_t kMostBlocks = 4 * 132;  // as many as a large GPU has room for, about

struct Cut {
  std::int64_t column_blocks, slices, rows_of_slice;
  int lanes;  // of a block's row, each a vector of columns

  Cut(std::int64_t rows, std::int64_t columns, int vector) {
    const auto ceil = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
    const std::int64_t vectors = ceil(columns, vector);
    const bool few = rows <= kFewRows;
    column_blocks = ceil(vectors, few ? kFewLanes : kThreads);
    lanes = static_cast<int>(ceil(vectors, column_blocks));
    const std::int64_t at_once = kThreads / lanes;
    const std::int64_t most = std::max<std::int64_t>(kMostBlocks / column_blocks, 1);
    slices = few ? 1 : std::min(most, ceil(rows, 8 * at_once));
    rows_of_slice = ceil(rows, slices);
    slices = std::max<std::int64_t>(ceil(rows, std::max<std::int64_t>(rows_of_slice, 1)), 1);
  }
};

int vector_of(std::int64_t columns) { return columns % kVector == 0 ? kVector : 1; }

template <typename T, int kCount>
__global__ void __launch_bounds__(kThreads)
    column_sums_kernel(const T* x, std::int64_t rows, std::int64_t columns, const Cut cut,
                       float* out) {
  __shared__ float of_threads[kThreads][kCount];
  const int lane = static_cast<int>(threadIdx.x) % cut.lanes;
  const int part = static_cast<int>(threadIdx.x) / cut.lanes, parts = kThreads / cut.lanes;
  const std::int64_t block = blockIdx.x % cut.column_blocks, slice = blockIdx.x / cut.column_blocks;
  const std::int64_t column = (block * cut.lanes + lane) * kCount;
  const std::int64_t end = min(rows, (slice + 1) * cut.rows_of_slice);
  float sums[kCount] = {};
  if (column < columns && part < parts) {
#pragma unroll 8
    for (std::int64_t row = slice * cut.rows_of_slice + part; row < end; row += parts) {
      float values[kCount];
      load_some<kCount>(x + row * columns + column, values);
#pragma unroll
      for (int v = 0; v < kCount; ++v) sums[v] += values[v];
    }
  }
#pragma unroll
  for (int v = 0; v < kCount; ++v) of_threads[threadIdx.x][v] = sums[v];
  __syncthreads();
  if (part > 0 || column >= columns) return;
  for (int other = 1; other < parts; ++other) {
#pragma unroll
    for (int v = 0; v < kCount; ++v) sums[v] += of_threads[other * cut.lanes + lane][v];
  }
  store_some<kCount>(out + slice * columns + column, sums);
}

}  // namespace

std::int64_t column_sum_slices(std::int64_t rows, std::int64_t columns) {
  return Cut(rows, columns, vector_of(columns)).slices;
}

template <typename T>
cudaError_t launch_column_sums(const T* x, std::int64_t rows, std::int64_t columns, float* out,
                               cudaStream_t stream) {
  const int vector = vector_of(columns);
  const Cut cut(rows, columns, vector);
  const auto kernel = vector == kVector ? column_sums_kernel<T, kVector> : column_sums_kernel<T, 1>;
  kernel<<<static_cast<unsigned>(cut.column_blocks * cut.slices), kThreads, 0, stream>>>(
      x, rows, columns, cut, out);
  return cudaGetLastError();
}

#define OMNIQ_INSTANTIATE(T)                                                            \
  template cudaError_t launch_column_sums(const T*, std::int64_t, std::int64_t, float*, \
                                          cudaStream_t);
OMNIQ_INSTANTIATE(float)
OMNIQ_INSTANTIATE(__half)
OMNIQ_INSTANTIATE(__nv_bfloat16)

}  // namespace omniq::kernels::detail
