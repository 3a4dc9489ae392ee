// A warp has one head of one window, keys and values in registers, and goes through the queries 16
// at a time; where that leaves multiprocessors idle, it has 16 queries alone.
//
// No value passes through shared memory. A lane 4g + i reads the i-th quarter of a head's channels
// of token g as one vector. Scores sum over channels in any order, so queries and keys may be used
// as they lie. Values are transposed in registers, and their columns come out as they went in: a
// lane has the i-th quarter of its tokens' results.
#include <cstdint>

#include "kernels/window_attention/cuda/launch.h"
#include "kernels/window_attention/cuda/windows.cuh"

namespace omniq::kernels::detail {
namespace {

constexpr int kAttentionWarps = 4;

/// kParts: warps that share a window and head, 1 or query_tiles. kPadded: windows go beyond the
/// map.
template <typename T, int kWindow, int kHeadWidth, int kParts, bool kPadded>
__global__ void __launch_bounds__(32 * kAttentionWarps, 4)
    window_attention_kernel(const CudaWindowAttentionArguments<T> args) {
  constexpr int kTokens = kWindow * kWindow, kKeyTiles = kKeyTilesOf<kWindow>;
  constexpr int kQueryTiles = kQueryTilesOf<kWindow>;
  constexpr int kQuarter = kHeadWidth / 4, kRegisters = kQuarter / 2;
  using Vector = Quarter<kRegisters>;

  unsigned item = blockIdx.x * kAttentionWarps + threadIdx.x / 32;
  const int first_tile = kParts == 1 ? 0 : static_cast<int>(item % kParts);
  item /= kParts;
  const int head = static_cast<int>(item % static_cast<unsigned>(args.heads));
  const Window<kWindow> window(args, item / static_cast<unsigned>(args.heads));
  if (window.frame >= static_cast<unsigned>(args.frames)) return;
  const int lane = static_cast<int>(threadIdx.x) % 32, g = lane / 4, i = lane % 4;

  const int channels = args.heads * kHeadWidth, at = head * kHeadWidth + i * kQuarter;
  const std::int64_t map = static_cast<std::int64_t>(args.height) * args.width;
  const T* frame = args.qkv + window.frame * map * 3 * channels + at;
  T* frame_out = args.out + window.frame * map * channels + at;
  // Where tokens are, and on which side of a split. Those that fill up the last tile do not exist:
  // they are read as the last that does, and their bias leaves them without weight.
  __shared__ TokenPlace places_of_warps[kAttentionWarps][16 * kQueryTiles];
  TokenPlace* tokens = places_of_warps[threadIdx.x / 32];
  __shared__ float keep_of_warps[kAttentionWarps];  // there is no register to keep it in
  const volatile float& keep = keep_of_warps[threadIdx.x / 32];
  if (lane == 0) {
    keep_of_warps[threadIdx.x / 32] = args.keep == nullptr ? 1.F : args.keep[window.frame];
  }
#pragma unroll
  for (int token = lane; token < 16 * kQueryTiles; token += 32) {
    const int existing = min(token, kTokens - 1);
    tokens[token] = {window.template place<kPadded>(existing), window.part(existing)};
  }
  __syncwarp();
  const auto row = [](auto* map_start, int place, unsigned length) {
    return map_start + static_cast<std::uint64_t>(static_cast<unsigned>(place)) * length;
  };
  const auto load = [&](int token, int of) {  // of: 0 the query, 1 the key, 2 the value
    const int place = tokens[token].place;
    const T* from = row(frame, place, 3 * channels);
    if (kPadded && place < 0) from = args.padding + at;
    return *reinterpret_cast<const Vector*>(from + of * channels);
  };

  Vector keys[kKeyTiles], values[kKeyTiles];
#pragma unroll
  for (int j = 0; j < kKeyTiles; ++j) keys[j] = load(8 * j + g, 1);
#pragma unroll
  for (int j = 0; j < kKeyTiles; ++j) values[j] = load(8 * j + g, 2);
#pragma unroll
  for (int j = 0; j < kKeyTiles; ++j) values[j] = values[j].transposed();

  const float scale = kLog2E * rsqrtf(static_cast<float>(kHeadWidth));
  const float masked = -100.F * kLog2E / scale;  // as the model adds it to tokens that were apart
#pragma unroll 1
  for (int tile = first_tile; tile < (kParts == 1 ? kQueryTiles : first_tile + 1); ++tile) {
    const Vector query[2] = {load(16 * tile + g, 0), load(16 * tile + g + 8, 0)};
    const auto* bias = reinterpret_cast<const uint2*>(args.bias) +
                       (head * kQueryTiles + tile) * kKeyTiles * 32 + lane;
    float scores[kKeyTiles][4];  // times √d, from the bias on
#pragma unroll
    for (int j = 0; j < kKeyTiles; ++j) {
      start_from_bias(scores[j], bias + j * 32);
      multiply_tokens<T>(scores[j], query, keys[j]);
    }
    if (window.is_split()) mask_parts<kWindow>(scores, tokens, 16 * tile, masked, g, i);

    unsigned weights[kKeyTiles][2] = {};  // rounded at once: scores take twice as many registers
    float sum[2] = {};
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float most = scale * largest_of_row<kWindow>(scores, half);
#pragma unroll
      for (int j = 0; j < kKeyTiles; ++j) {
        const float first = fast_exp2(fmaf(scores[j][2 * half], scale, -most));
        const float second = fast_exp2(fmaf(scores[j][2 * half + 1], scale, -most));
        sum[half] += first + second;
        weights[j][half] = pack_half<T>(first, second);
      }
    }

    float result[kRegisters][4] = {};
#pragma unroll
    for (int j = 0; j < kKeyTiles; j += 2) {
      const bool both = j + 1 < kKeyTiles;
      const int next = both ? j + 1 : j;
#pragma unroll
      for (int r = 0; r < kRegisters; ++r) {
        multiply_half<T>(result[r],
                         {weights[j][0], weights[j][1], both ? weights[next][0] : 0U,
                          both ? weights[next][1] : 0U},
                         {values[j].pairs[r], both ? values[next].pairs[r] : 0U});
      }
    }
    for (float& of_row : sum) of_row = sum_of_row(of_row);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int token = 16 * tile + 8 * half + g, place = tokens[token].place;
      if (token >= kTokens || (kPadded && place < 0)) continue;
      const float inverse = fast_reciprocal(sum[half]) * keep;
      Vector out;
#pragma unroll
      for (int r = 0; r < kRegisters; ++r) {
        out.pairs[r] =
            pack_half<T>(result[r][2 * half] * inverse, result[r][2 * half + 1] * inverse);
      }
      *reinterpret_cast<Vector*>(row(frame_out, place, channels)) = out;
    }
  }
}

template <typename T, int kWindow, int kHeadWidth>
cudaError_t launch_window_attention(const CudaWindowAttentionArguments<T>& args,
                                    cudaStream_t stream) {
  const auto items = static_cast<std::int64_t>(args.frames) * (args.padded_height / kWindow) *
                     (args.padded_width / kWindow) * args.heads;
  const auto launch = [&](auto* kernel, int parts) {
    const std::int64_t blocks = (items * parts + kAttentionWarps - 1) / kAttentionWarps;
    kernel<<<static_cast<unsigned>(blocks), 32 * kAttentionWarps, 0, stream>>>(args);
    return cudaGetLastError();
  };
  // About as many warps as a large GPU has room for.
  constexpr std::int64_t kFew = 1024;
  constexpr int kQueryTiles = kQueryTilesOf<kWindow>;
  if (kQueryTiles == 1 || items >= kFew) {
    return args.is_padded() ? launch(window_attention_kernel<T, kWindow, kHeadWidth, 1, true>, 1)
                            : launch(window_attention_kernel<T, kWindow, kHeadWidth, 1, false>, 1);
  }
  return launch(window_attention_kernel<T, kWindow, kHeadWidth, kQueryTiles, true>, kQueryTiles);
}

}  // namespace

template <typename T>
cudaError_t window_attention(const CudaWindowAttentionArguments<T>& args, cudaStream_t stream) {
  if (args.window == 7 && args.head_width == 32)
    return launch_window_attention<T, 7, 32>(args, stream);
  if (args.window == 4 && args.head_width == 16)
    return launch_window_attention<T, 4, 16>(args, stream);
  return cudaErrorInvalidValue;
}

using Element = OMNIQ_ELEMENT;
template cudaError_t window_attention(const CudaWindowAttentionArguments<Element>&, cudaStream_t);

}  // namespace omniq::kernels::detail
