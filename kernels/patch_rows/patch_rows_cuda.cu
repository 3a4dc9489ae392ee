// A block has up to 64 patches side by side: it reads along rows of pixels, and writes along rows
// of patches what it has gathered in shared memory.
#include "kernels/common/cuda_half_products.cuh"
#include "kernels/patch_rows/patch_rows_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kPatches = 64;  // of a block
constexpr int kThreads = 256;
constexpr int kPixels = kPatch * kPatch * kPatchChannels;
constexpr int kPitch = kPixels + 4;  // of a row in shared memory: fewer bank conflicts

struct Picture {
  int height, width;
};

/// Four neighbours of one channel and row: part = 4 · channel + row.
template <typename T>
__device__ __forceinline__ void gather(const float* frame, const Picture& p, int y, int x, int part,
                                       T* row) {
  const float* from =
      frame + (static_cast<std::int64_t>(part / kPatch) * p.height + y + part % kPatch) * p.width +
      x;
  float v[kPatch];
  if (p.width % kPatch == 0) {
    load_some<kPatch>(from, v);
  } else {
#pragma unroll
    for (int i = 0; i < kPatch; ++i) v[i] = from[i];
  }
  *reinterpret_cast<uint2*>(row + part * kPatch) = {pack_half<T>(v[0], v[1]),
                                                    pack_half<T>(v[2], v[3])};
}

/// Four neighbours of one row, with their channels: part = row.
template <typename T>
__device__ __forceinline__ void gather(const std::uint8_t* frame, const Picture& p, int y, int x,
                                       int part, T* row) {
  constexpr int kBytes = kPatch * kPatchChannels;
  const std::uint8_t* from =
      frame + (static_cast<std::int64_t>(y + part) * p.width + x) * kPatchChannels;
  union {
    unsigned words[kBytes / 4];
    std::uint8_t bytes[kBytes];
  } v;
  if (p.width % kPatch == 0) {
#pragma unroll
    for (int i = 0; i < kBytes / 4; ++i) v.words[i] = reinterpret_cast<const unsigned*>(from)[i];
  } else {
#pragma unroll
    for (int i = 0; i < kBytes; ++i) v.bytes[i] = from[i];
  }
  const auto value = [&](int i) {
    return (static_cast<float>(v.bytes[i]) - kCentreOfBytes) * (1.F / kScaleOfBytes);
  };
#pragma unroll
  for (int i = 0; i < kBytes; i += 4) {
    *reinterpret_cast<uint2*>(row + part * kBytes + i) = {pack_half<T>(value(i), value(i + 1)),
                                                          pack_half<T>(value(i + 2), value(i + 3))};
  }
}

template <typename In, typename T>
__global__ void __launch_bounds__(kThreads)
    patch_rows_kernel(const In* in, const Picture picture, T* out) {
  constexpr bool kBytes = sizeof(In) == 1;
  constexpr int kParts = kBytes ? kPatch : kPatch * kPatchChannels;
  __shared__ alignas(16) T rows[kPatches * kPitch];
  const int down = picture.height / kPatch, across = picture.width / kPatch;
  const int groups = (across + kPatches - 1) / kPatches;
  const int first = static_cast<int>(blockIdx.x) % groups * kPatches;
  const std::int64_t map_row = blockIdx.x / groups;  // of all frames
  const int count = min(kPatches, across - first);
  const In* frame =
      in +
      map_row / down * (static_cast<std::int64_t>(picture.height) * picture.width * kPatchChannels);
  const int y = static_cast<int>(map_row % down) * kPatch;
  for (int i = static_cast<int>(threadIdx.x); i < kPatches * kParts; i += kThreads) {
    const int patch = i % kPatches;
    if (patch >= count) continue;
    gather(frame, picture, y, (first + patch) * kPatch, i / kPatches, rows + patch * kPitch);
  }
  __syncthreads();
  T* to = out + (map_row * across + first) * kPixels;
  constexpr int kOfRow = kPixels / 4;
  for (int i = static_cast<int>(threadIdx.x); i < count * kOfRow; i += kThreads) {
    *reinterpret_cast<uint2*>(to + i * 4) =
        *reinterpret_cast<const uint2*>(rows + i / kOfRow * kPitch + i % kOfRow * 4);
  }
}

}  // namespace

template <typename In, typename T>
cudaError_t patch_rows(const In* in, std::int64_t frames, int height, int width, T* out,
                       cudaStream_t stream) {
  const std::int64_t groups = (width / kPatch + kPatches - 1) / kPatches;
  const std::int64_t blocks = frames * (height / kPatch) * groups;
  patch_rows_kernel<In, T>
      <<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(in, {height, width}, out);
  return cudaGetLastError();
}

#define OMNIQ_INSTANTIATE(In, T) \
  template cudaError_t patch_rows(const In*, std::int64_t, int, int, T*, cudaStream_t);
OMNIQ_INSTANTIATE(float, __half)
OMNIQ_INSTANTIATE(float, __nv_bfloat16)
OMNIQ_INSTANTIATE(std::uint8_t, __half)
OMNIQ_INSTANTIATE(std::uint8_t, __nv_bfloat16)

}  // namespace omniq::kernels::detail
