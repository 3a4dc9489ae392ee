// The CUDA kernels of patch_rows(), on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

/// Patches of 4 × 4 pixels of three channels.
inline constexpr int kPatch = 4, kPatchChannels = 3;
inline constexpr float kCentreOfBytes = 128.F, kScaleOfBytes = 64.F;

/// In: float, frames [frames, 3, height, width], or std::uint8_t, [frames, height, width, 3];
/// out [frames, height / 4, width / 4, 48]. Frames are contiguous and start at a multiple of 16
/// bytes, as out does. T: __half or __nv_bfloat16.
template <typename In, typename T>
cudaError_t patch_rows(const In* in, std::int64_t frames, int height, int width, T* out,
                       cudaStream_t stream);

}  // namespace omniq::kernels::detail
