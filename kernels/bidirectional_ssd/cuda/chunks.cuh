// What the kernels of the SSD product share: which part a block has, and how steps become decays.
//
// E_i is the sum of a before token i of a chunk and I_i = E_i + a_i, so that a weight of the header
// is ½ exp(I_t − I_s) for s < t and ½ exp(E_s − E_t) for s > t. The sums are kept as two floats
// each, in base 2: a difference is then as exact as if the tokens between were summed alone, also
// after steps that are a million times larger.
#pragma once

#include "kernels/bidirectional_ssd/cuda/launch.h"
#include "kernels/common/cuda_resident.cuh"
#include "kernels/common/cuda_tiles.cuh"

namespace omniq::kernels::detail {

static_assert(kSsdTile == kTile && kSsdHeadWidth == kTile);

/// In base 2, of one token: 2^−512 is 0, also in sums of many.
inline constexpr float kMostDecay = 512.F;

inline constexpr int kHeadsAtOnce = kTileThreads / 32;  // whose decays are found together

/// The chunk of a block.
struct SsdChunk {
  std::int64_t clip, index, first_token;  // of `clip`
  int tokens;                             // that exist

  template <typename T>
  __device__ __forceinline__ SsdChunk(const CudaSsdArguments<T>& args, unsigned chunk, int length) {
    const auto chunks = static_cast<unsigned>(args.chunks);  // 64-bit division is slow
    clip = chunk / chunks;
    index = chunk % chunks;
    first_token = index * length;
    const std::int64_t left = args.tokens - first_token;
    tokens = left < length ? static_cast<int>(left) : length;
  }
};

/// Rows of a tensor from the first token of one of the chunk's tiles on.
template <typename T>
__device__ __forceinline__ T* rows_of_chunk(const Rows<T>& rows, const SsdChunk& chunk,
                                            int tile = 0) {
  return rows.data + chunk.clip * rows.clip + (chunk.first_token + tile * kTile) * rows.token;
}

/// Steps and decays of a head over a chunk; in shared memory. Tokens that do not exist have no
/// step.
template <int kTiles>
struct SsdDecays {
  static constexpr int kTokens = kTiles * kTile;
  float step[kTokens], slope[kTokens];  // Δ and its derivative
  float2 sums[kTokens + 2];             // E_i in two parts; I_i is that of i + 1

  __device__ __forceinline__ float2 total() const { return sums[kTokens]; }
};

/// 2^(to − from).
__device__ __forceinline__ float decay_between(const float2& from, const float2& to) {
  return fast_exp2((to.x - from.x) + (to.y - from.y));
}

/// The four decays of a token: 2^I, 2^(T − I), 2^E, 2^(T − E), T the sum over the chunk.
struct TokenDecays {
  float through, after, before, from;
  template <int kTiles>
  __device__ __forceinline__ TokenDecays(const SsdDecays<kTiles>& decays, int i) {
    const float2 zero{0.F, 0.F}, exclusive = decays.sums[i], inclusive = decays.sums[i + 1];
    through = decay_between(zero, inclusive);
    after = decay_between(inclusive, decays.total());
    before = decay_between(zero, exclusive);
    from = decay_between(exclusive, decays.total());
  }
};

/// w of the header for token t (its E and I given) and token s.
__device__ __forceinline__ float pair_weight(int t, const float2& E_t, const float2& I_t, int s,
                                             const float2& E_s, const float2& I_s) {
  const bool later = s < t;
  const float2 from = later ? I_s : E_t, to = later ? I_t : E_s;
  return s == t ? 1.F : 0.5F * decay_between(from, to);
}

/// By one warp.
template <int kTiles, typename T>
__device__ __forceinline__ void find_decays(const CudaSsdArguments<T>& args, const SsdChunk& chunk,
                                            std::int64_t head, SsdDecays<kTiles>& decays) {
  constexpr int kOfLane = 2 * kTiles;
  const int first = lane_index() * kOfLane;
  const T* delta = rows_of_chunk(args.delta, chunk) + head;
  const bool* mask =
      args.mask != nullptr ? args.mask + chunk.clip * args.tokens + chunk.first_token : nullptr;
  const float bias = args.delta_bias[head], rate = args.A[head] * kLog2E;
  double a[kOfLane], sum = 0.0;
#pragma unroll
  for (int j = 0; j < kOfLane; ++j) {
    const int i = first + j;
    Softplus step{0.F, 0.F};
    if (i < chunk.tokens && (mask == nullptr || mask[i])) {
      step = softplus(to_float(delta[i * args.delta.token]) + bias);
    }
    decays.step[i] = step.value;
    decays.slope[i] = step.slope;
    a[j] = fmaxf(step.value * rate, -kMostDecay);
    sum += a[j];
  }
  double before = sum;  // of the lanes before
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    const double other = __shfl_up_sync(kFullWarp, before, distance);
    if (lane_index() >= distance) before += other;
  }
  before -= sum;
#pragma unroll
  for (int j = 0; j <= kOfLane; ++j) {
    const float high = static_cast<float>(before);
    if (j < kOfLane || lane_index() == 31) {
      decays.sums[first + j] = {high, static_cast<float>(before - static_cast<double>(high))};
    }
    if (j < kOfLane) before += a[j];
  }
}

/// The heads of a block, the first and one beyond the last.
struct HeadRange {
  std::int64_t first, end;

  template <typename T>
  __device__ __forceinline__ HeadRange(const CudaSsdArguments<T>& args, unsigned group) {
    first = group * args.block_heads;
    end = first + args.block_heads < args.heads ? first + args.block_heads : args.heads;
  }
};

/// Starts to bring in 64 of the states' columns of B or C.
template <typename Element, typename T>
__device__ __forceinline__ void fetch_slice(Element* tile, const CudaSsdArguments<T>& args,
                                            const Rows<const T>& rows, const SsdChunk& chunk,
                                            int slice, int token_tile = 0) {
  fetch_tile(tile, rows_of_chunk(rows, chunk, token_tile) + slice * kTile, rows.token,
             chunk.tokens - token_tile * kTile, static_cast<int>(args.states) - slice * kTile);
}
/// A head's columns of u or the like.
template <typename Element, typename T>
__device__ __forceinline__ void fetch_head(Element* tile, const Rows<const T>& rows,
                                           const SsdChunk& chunk, std::int64_t head,
                                           int token_tile = 0) {
  fetch_tile(tile, rows_of_chunk(rows, chunk, token_tile) + head * kTile, rows.token,
             chunk.tokens - token_tile * kTile, kTile);
}

/// The number of tiles that the states are.
template <typename T>
__device__ __forceinline__ int slices_of(const CudaSsdArguments<T>& args) {
  return static_cast<int>(args.states + kTile - 1) / kTile;
}

/// The first element of a state of the chunk: `side` 0 is the left one.
template <typename Element, typename T>
__device__ __forceinline__ Element* state_of(const CudaSsdArguments<T>& args,
                                             const SsdStates& states, const SsdChunk& chunk,
                                             std::int64_t head, int side) {
  const std::int64_t place =
      ((chunk.clip * args.chunks + chunk.index) * args.heads + head) * 2 + side;
  return static_cast<Element*>(states.data) + place * args.states * kTile;
}

/// 64 rows of a state.
template <typename Element, typename T>
__device__ __forceinline__ void fetch_state(Element* tile, const CudaSsdArguments<T>& args,
                                            const Element* state, int slice) {
  fetch_tile(tile, state + slice * kTile * kTile, kTile,
             static_cast<int>(args.states) - slice * kTile, kTile);
}

/// sum += scale · the rows of a tile that are the warp's.
template <typename Element>
__device__ __forceinline__ void add_scaled_rows(TileResult& sum, const Element* tile, float scale) {
#pragma unroll
  for (int n = 0; n < 8; ++n) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float2 x = load_own_pair(tile, n, half);
      sum[n][2 * half] = fmaf(scale, x.x, sum[n][2 * half]);
      sum[n][2 * half + 1] = fmaf(scale, x.y, sum[n][2 * half + 1]);
    }
  }
}

/// Calls f with the number of a chunk's tiles as a type.
template <typename T, typename F>
cudaError_t with_chunk_tiles(std::int64_t tiles, const F& f) {
  if constexpr (std::is_same_v<T, __nv_bfloat16>) return with_constant<1, 2>(tiles, f);
  return with_constant<1>(tiles, f);
}

/// `blocks` blocks that work on tiles, with a `Shared` as their shared memory.
template <typename Shared, typename Kernel, typename... Arguments>
cudaError_t launch_ssd(Kernel* kernel, std::int64_t blocks, cudaStream_t stream,
                       const Arguments&... arguments) {
  return launch_with_shared(kernel, blocks, kTileThreads, sizeof(Shared), stream, arguments...);
}

}  // namespace omniq::kernels::detail
