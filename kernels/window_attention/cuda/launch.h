// The CUDA kernel of attention in windows, on plain pointers: compiled without torch.
#pragma once

#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

/// The windows and widths of a head that there are kernels for.
inline bool has_window_attention_kernel(std::int64_t window, std::int64_t head_width) {
  return (window == 7 && head_width == 32) || (window == 4 && head_width == 16);
}

/// The tiles that a window's tokens are cut into, as queries of 16 and as keys of 8.
constexpr int query_tiles(int window) { return (window * window + 15) / 16; }
constexpr int key_tiles(int window) { return (window * window + 7) / 8; }

struct WindowAttentionShape {
  int frames, height, width;        // tokens of a map
  int padded_height, padded_width;  // up to the next multiple of the window
  int heads, window, head_width;
  int shift_y, shift_x;  // 0 ≤ shift < window

  bool is_padded() const { return padded_height > height || padded_width > width; }
};

/// T: __half or __nv_bfloat16. Tensors are contiguous and start at multiples of 16 bytes.
template <typename T>
struct CudaWindowAttentionArguments : WindowAttentionShape {
  const T* qkv;       // [frames, height, width, 3 · heads · head_width]
  const T* padding;   // [3 · heads · head_width], the qkv of a token beyond the map
  const float* keep;  // [frames], of the result; null for ones
  /// √head_width · bias in the order in which lanes take it: [heads, query_tiles, key_tiles, 32,
  /// 4], of lane 4g + i rows g and g + 8, columns 2i and 2i + 1. −∞ for keys beyond the window.
  const __half* bias;
  T* out;  // [frames, height, width, heads · head_width]
};

template <typename T>
cudaError_t window_attention(const CudaWindowAttentionArguments<T>& args, cudaStream_t stream);

/// Gradients, from the same arguments; `out` is not used.
template <typename T>
struct CudaWindowAttentionBackwardArguments {
  CudaWindowAttentionArguments<T> forward;
  const T* d_out;  // [frames, height, width, heads · head_width]
  T* d_qkv;        // [frames, padded_height, padded_width, 3 · heads · head_width]
  float* d_bias;   // [parts, heads, window², window²]: shares of the bias's gradient
  int parts;       // warps that share a head's windows
};

/// As many parts as the current device runs at once. From then on the shape's kernel may have the
/// shared memory that it needs there: comes before window_attention_backward().
template <typename T>
cudaError_t window_attention_backward_parts(const WindowAttentionShape& shape, int* parts);
template <typename T>
cudaError_t window_attention_backward(const CudaWindowAttentionBackwardArguments<T>& args,
                                      cudaStream_t stream);

}  // namespace omniq::kernels::detail
