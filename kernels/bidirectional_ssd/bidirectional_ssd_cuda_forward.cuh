// The output of the SSD product: a block has a chunk of a clip and some of its heads, a warp 16 of
// the chunk's tokens. C · Bᵀ serves all heads and stays in registers.
#pragma once

#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_common.cuh"

namespace omniq::kernels::detail {

template <typename M>
struct SsdForwardShared {
  using Element = typename M::Element;
  Element C[2][kTileElements], states[2][kTileElements], u[kTileElements];
  SsdDecays decays;
};

/// sum += (similarity ⊙ weights ⊙ Δ) · u within the chunk.
template <typename M>
__device__ __forceinline__ void add_pairs(TileResult& sum, const TileResult& similarity,
                                          const SsdDecays& decays,
                                          const typename M::Element* tile_u, int tokens) {
  const int row = warp_row() + lane_row();
  float2 E[2], I[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    E[half] = decays.sums[row + half * 8], I[half] = decays.sums[row + half * 8 + 1];
  }
#pragma unroll
  for (int k = 0; k < kTile / 16; ++k) {
    if (k * 16 >= tokens) break;
    typename M::Left weights;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int half = i % 2, n = 2 * k + i / 2;
      const int s = n * 8 + lane_column();
      const float2 a = decays.sums[s], b = decays.sums[s + 1], c = decays.sums[s + 2];
      const int t = row + half * 8;
      weights.set(
          i, pair_weight(t, E[half], I[half], s, a, b) * decays.step[s] * similarity[n][2 * half],
          pair_weight(t, E[half], I[half], s + 1, b, c) * decays.step[s + 1] *
              similarity[n][2 * half + 1]);
    }
    multiply_rows<M>(sum, weights, tile_u, k * 16);
  }
}

template <typename T>
__global__ void __launch_bounds__(kTileThreads)
    ssd_forward_kernel(const CudaSsdArguments<T> args, const SsdStates states, const Rows<T> y) {
  using M = typename ProductsOf<T>::Type;
  using Element = typename M::Element;
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<SsdForwardShared<M>*>(memory);
  const SsdChunk chunk(args, blockIdx.x / args.head_groups);
  const HeadRange heads(args, blockIdx.x % args.head_groups);
  const int slices = slices_of(args);
  const bool active = warp_row() < chunk.tokens;

  TileResult similarity;  // C · Bᵀ
  clear(similarity);
  for (int first = 0; first < slices; first += 2) {
    if (first > 0) __syncthreads();
    for (int slice = first; slice < min(first + 2, slices); ++slice) {
      fetch_slice(shared.C[slice % 2], args, args.C, chunk, slice);
      fetch_slice(shared.states[slice % 2], args, args.B, chunk, slice);
    }
    all_tiles_here();
    if (!active) continue;
    for (int k = first * kTile; k < min(first * kTile + 2 * kTile, static_cast<int>(args.states));
         k += 16) {
      const int tile = k / kTile % 2;
      multiply_columns<M>(similarity, M::left(shared.C[tile], warp_row(), k % kTile),
                          shared.states[tile], k % kTile);
    }
  }

  for (std::int64_t head = heads.first; head < heads.end; ++head) {
    const int steps = args.chunks > 1 ? 2 * slices : 0;  // slices of the left state, of the right
    const auto fetch_step = [&](int step) {
      const int slice = step % slices;
      // Two slices of C stay where they are; more take turns.
      if (slices > 2) fetch_slice(shared.C[slice % 2], args, args.C, chunk, slice);
      fetch_state(shared.states[step % 2], args,
                  state_of<Element>(args, states, chunk, head, step / slices), slice);
    };
    __syncthreads();
    fetch_head(shared.u, args.u, chunk, head);
    end_of_group();
    if (steps > 0) fetch_step(0);
    end_of_group();
    if (threadIdx.x < 32) find_decays(args, chunk, head, shared.decays);
    wait_for_tiles<1>();
    __syncthreads();

    TileResult sum;
    clear(sum);
    if (active) add_pairs<M>(sum, similarity, shared.decays, shared.u, chunk.tokens);
    TileResult carried;
    for (int step = 0; step < steps; ++step) {
      if (step + 1 < steps) fetch_step(step + 1);
      end_of_group();
      wait_for_tiles<1>();
      __syncthreads();
      const int side = step / slices, slice = step % slices;
      if (active) {
        if (slice == 0) clear(carried);
        const int width = min(kTile, static_cast<int>(args.states) - slice * kTile);
        for (int k = 0; k < width; k += 16) {
          multiply_rows<M>(carried, M::left(shared.C[slice % 2], warp_row(), k),
                           shared.states[step % 2], k);
        }
        if (slice + 1 == slices) {
#pragma unroll
          for (int half = 0; half < 2; ++half) {
            const TokenDecays decays(shared.decays, warp_row() + lane_row() + half * 8);
            const float scale = 0.5F * (side == 0 ? decays.through : decays.from);
#pragma unroll
            for (int n = 0; n < 8; ++n) {
              sum[n][2 * half] = fmaf(scale, carried[n][2 * half], sum[n][2 * half]);
              sum[n][2 * half + 1] = fmaf(scale, carried[n][2 * half + 1], sum[n][2 * half + 1]);
            }
          }
        }
      }
      __syncthreads();
    }
    if (steps == 0) __syncthreads();  // u is read, and becomes scratch
    if (!active) continue;
    const float skip = args.D_skip[head];
#pragma unroll
    for (int n = 0; n < 8; ++n) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float2 u = load_pair(shared.u + (warp_row() + lane_row() + half * 8) * kTileRow +
                                   n * 8 + lane_column());
        sum[n][2 * half] = fmaf(skip, u.x, sum[n][2 * half]);
        sum[n][2 * half + 1] = fmaf(skip, u.y, sum[n][2 * half + 1]);
      }
    }
    store_rows(sum, shared.u, rows_of_chunk(y, chunk) + warp_row() * y.token + head * kTile,
               y.token, chunk.tokens - warp_row());
  }
}

template <typename T>
cudaError_t ssd_forward(const CudaSsdArguments<T>& args, const SsdStates& states, const Rows<T>& y,
                        cudaStream_t stream) {
  using M = typename ProductsOf<T>::Type;
  return launch_ssd<SsdForwardShared<M>>(
      ssd_forward_kernel<T>, args.clips * args.chunks * args.head_groups, stream, args, states, y);
}

}  // namespace omniq::kernels::detail
