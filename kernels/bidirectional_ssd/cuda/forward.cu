// The output of the SSD product: a block has a tile of a chunk's tokens and some heads, a warp 16
// of the tokens. C · Bᵀ serves all heads and stays in registers.
#include "kernels/bidirectional_ssd/cuda/chunks.cuh"
#include "kernels/bidirectional_ssd/cuda/states.cuh"

namespace omniq::kernels::detail {

template <typename M, int kTiles>
struct SsdForwardShared {
  using Element = typename M::Element;
  // Both states of 128 channels where they fit, so that all of them are on the way at once.
  static constexpr int kStateTiles = sizeof(Element) == 2 ? 4 : 2;
  Element C[2][kTileElements], states[kStateTiles][kTileElements], u[kTiles][kTileElements];
  SsdDecays<kTiles> decays[kHeadsAtOnce];
};

/// sum += scale ⊙ x, a scale for row g and one for row g + 8.
__device__ __forceinline__ void add_scaled(TileResult& sum, const TileResult& x,
                                           const float (&scale)[2]) {
#pragma unroll
  for (int n = 0; n < 8; ++n) {
#pragma unroll
    for (int e = 0; e < 4; ++e) sum[n][e] = fmaf(scale[e / 2], x[n][e], sum[n][e]);
  }
}

/// sum += (similarity ⊙ weights ⊙ Δ) · u for the 16 tokens where the warp's own and those of s are
/// the same: s and t in any order. `first` is the first of them, in the chunk and `row` in the
/// tile.
template <typename M, int kTiles>
__device__ __forceinline__ void add_own_pairs(TileResult& sum, const float (&similarity)[2][4],
                                              const SsdDecays<kTiles>& decays,
                                              const typename M::Element* tile_u, int first,
                                              int row) {
  typename M::Left weights;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int half = i % 2, t = first + lane_row() + half * 8;
    const int s = first + i / 2 * 8 + lane_column();
    const float2 E = decays.sums[t], I = decays.sums[t + 1];
    const float2 a = decays.sums[s], b = decays.sums[s + 1], c = decays.sums[s + 2];
    weights.set(
        i, pair_weight(t, E, I, s, a, b) * decays.step[s] * similarity[i / 2][2 * half],
        pair_weight(t, E, I, s + 1, b, c) * decays.step[s + 1] * similarity[i / 2][2 * half + 1]);
  }
  multiply_rows<M>(sum, weights, tile_u, row);
}

/// sum += (similarity ⊙ scale) · u for 16 tokens s that are all before (or all after) the warp's
/// own, in the tile from `row` on. What each of them keeps up to `to`, the sum of a before the
/// warp's first token (or, after it, of the one beyond its last), is all that depends on s; the
/// rest of the weight is the same for all of them, and left to the caller.
template <typename M, bool kBefore, int kTiles>
__device__ __forceinline__ void add_other_pairs(TileResult& sum, const float (&similarity)[2][4],
                                                const SsdDecays<kTiles>& decays,
                                                const typename M::Element* tile_u, int first_s,
                                                int row, const float2& to) {
  typename M::Left weights;
#pragma unroll
  for (int n = 0; n < 2; ++n) {
    const int s = first_s + n * 8 + lane_column();
    float scales[2];
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      scales[j] = decays.step[s + j] * (kBefore ? decay_between(decays.sums[s + j + 1], to)
                                                : decay_between(to, decays.sums[s + j]));
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      weights.set(2 * n + half, similarity[n][2 * half] * scales[0],
                  similarity[n][2 * half + 1] * scales[1]);
    }
  }
  multiply_rows<M>(sum, weights, tile_u, row);
}

template <typename T, int kTiles>
__global__ void __launch_bounds__(kTileThreads)
    ssd_forward_kernel(const CudaSsdArguments<T> args, const SsdStates states, const Rows<T> y) {
  using M = typename ProductsOf<T>::Type;
  using Element = typename M::Element;
  using Shared = SsdForwardShared<M, kTiles>;
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<Shared*>(memory);
  const SsdChunk chunk(args, blockIdx.x / static_cast<unsigned>(args.head_groups) / kTiles,
                       kTiles * kTile);
  const int own = static_cast<int>(blockIdx.x / static_cast<unsigned>(args.head_groups) %
                                   kTiles);  // tile of the chunk
  if (own * kTile >= chunk.tokens) return;
  const HeadRange heads(args, blockIdx.x % static_cast<unsigned>(args.head_groups));
  const int slices = slices_of(args), first_token = own * kTile + warp_row();
  const bool active = first_token<chunk.tokens, carried = args.chunks> 1;
  const bool all_states = 2 * slices <= Shared::kStateTiles;

  const auto fetch_u = [&](std::int64_t head) {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      fetch_head(shared.u[tile], args.u, chunk, head, tile);
    }
  };
  const auto find_next_decays = [&](std::int64_t first) {
    const int warp = static_cast<int>(threadIdx.x) / 32;
    if (first + warp < heads.end) find_decays(args, chunk, first + warp, shared.decays[warp]);
  };

  fetch_u(heads.first);
  TileResult similarity[kTiles];  // C · Bᵀ
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile) clear(similarity[tile]);
  constexpr int kSlices = Shared::kStateTiles / kTiles > 1 ? 2 : 1;  // at once
  for (int first = 0; first < slices; first += kSlices) {
    if (first > 0) __syncthreads();
    for (int slice = first; slice < min(first + kSlices, slices); ++slice) {
      fetch_slice(shared.C[slice % 2], args, args.C, chunk, slice, own);
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        fetch_slice(shared.states[(slice - first) * kTiles + tile], args, args.B, chunk, slice,
                    tile);
      }
    }
    if (first == 0) find_next_decays(heads.first);
    all_tiles_here();
    if (!active) continue;
    const int end = min((first + kSlices) * kTile, static_cast<int>(args.states));
    for (int k = first * kTile; k < end; k += 16) {
      const int slice = k / kTile;
      const auto c = M::left(shared.C[slice % 2], warp_row(), k % kTile);
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        multiply_rows<M, true>(similarity[tile], c, shared.states[(slice - first) * kTiles + tile],
                               k % kTile);
      }
    }
  }

  for (std::int64_t head = heads.first; head < heads.end; ++head) {
    const int place = static_cast<int>(head - heads.first) % kHeadsAtOnce;
    __syncthreads();
    if (head > heads.first) fetch_u(head);
    end_of_group();
    const auto fetch_states = [&](int tile, int side, int slice) {
      fetch_state(shared.states[tile], args, state_of<Element>(args, states, chunk, head, side),
                  slice);
    };
    if (carried && all_states) {
      for (int i = 0; i < 2 * slices; ++i) fetch_states(i, i / slices, i % slices);
    }
    end_of_group();
    if (place == 0 && head > heads.first) find_next_decays(head);
    wait_for_tiles<1>();
    __syncthreads();

    const auto& decays = shared.decays[place];
    TileResult sum;
    clear(sum);
    if (active) {
      // The similarities stay in registers, so that a tile's place in them must be known when this
      // is compiled: all tiles, and each does what its place is to the warp's own.
      const auto each_sixteen = [&](auto&& f) {
#pragma unroll
        for (int i = 0; i < kTiles * kTile / 16; ++i) {
          const int tile = i / (kTile / 16), k = i % (kTile / 16);
          const float(&pair)[2][4] =
              reinterpret_cast<const float(&)[2][4]>(similarity[tile][2 * k]);
          f(i * 16, pair, shared.u[tile], k * 16);
        }
      };
      const float2 before = decays.sums[first_token], after = decays.sums[first_token + 16];
      float scales[2][2];  // what the warp's tokens keep from there on, for rows g and g + 8
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int t = first_token + lane_row() + half * 8;
        scales[0][half] = 0.5F * decay_between(before, decays.sums[t + 1]);
        scales[1][half] = 0.5F * decay_between(decays.sums[t], after);
      }
      TileResult reached;
      clear(reached);
      each_sixteen([&](int s, const float(&pair)[2][4], const Element* u, int row) {
        if (s < first_token) add_other_pairs<M, true>(reached, pair, decays, u, s, row, before);
      });
      add_scaled(sum, reached, scales[0]);
      clear(reached);
      each_sixteen([&](int s, const float(&pair)[2][4], const Element* u, int row) {
        if (s > first_token && s < chunk.tokens)
          add_other_pairs<M, false>(reached, pair, decays, u, s, row, after);
      });
      add_scaled(sum, reached, scales[1]);
      each_sixteen([&](int s, const float(&pair)[2][4], const Element* u, int row) {
        if (s == first_token) add_own_pairs<M>(sum, pair, decays, u, s, row);
      });
    }
    if (carried) {
      if (all_states) {
        wait_for_tiles<0>();
        __syncthreads();
      }
      float scales[2][2];  // of the left and right state, for rows g and g + 8
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const TokenDecays token(decays, first_token + lane_row() + half * 8);
        scales[0][half] = 0.5F * token.through, scales[1][half] = 0.5F * token.from;
      }
#pragma unroll
      for (int side = 0; side < 2; ++side) {
        TileResult reached;
        clear(reached);
        for (int first = 0; first < slices; first += 2) {
          const int end = min(first + 2, slices);
          if (!all_states) {
            __syncthreads();
            for (int slice = first; slice < end; ++slice) {
              // Two slices of C stay where they are; more take turns.
              if (slices > 2) fetch_slice(shared.C[slice % 2], args, args.C, chunk, slice, own);
              fetch_states(slice - first, side, slice);
            }
            all_tiles_here();
          }
          if (!active) continue;
          for (int k = first * kTile; k < min(end * kTile, static_cast<int>(args.states));
               k += 16) {
            const int slice = k / kTile;
            const int tile = all_states ? side * slices + slice : slice - first;
            multiply_rows<M>(reached, M::left(shared.C[slice % 2], warp_row(), k % kTile),
                             shared.states[tile], k % kTile);
          }
        }
        if (active) add_scaled(sum, reached, scales[side]);
      }
    }
    __syncthreads();  // u is read, and becomes scratch
    if (!active) continue;
    add_scaled_rows(sum, shared.u[own], args.D_skip[head]);
    store_rows(sum, shared.u[own],
               rows_of_chunk(y, chunk, own) + warp_row() * y.token + head * kTile, y.token,
               chunk.tokens - first_token);
  }
}

template <typename T>
cudaError_t ssd_forward(const CudaSsdArguments<T>& args, const SsdStates& states, const Rows<T>& y,
                        cudaStream_t stream) {
  using M = typename ProductsOf<T>::Type;
  return with_chunk_tiles<T>(args.chunk_tiles, [&](auto tiles) {
    return launch_ssd<SsdForwardShared<M, tiles>>(
        ssd_forward_kernel<T, tiles>, args.clips * args.chunks * tiles * args.head_groups, stream,
        args, states, y);
  });
}

using Element = OMNIQ_ELEMENT;
template cudaError_t ssd_forward(const CudaSsdArguments<Element>&, const SsdStates&,
                                 const Rows<Element>&, cudaStream_t);
template cudaError_t ssd_states(const CudaSsdArguments<Element>&, const Rows<const Element>&,
                                const SsdStates&, cudaStream_t);

}  // namespace omniq::kernels::detail
