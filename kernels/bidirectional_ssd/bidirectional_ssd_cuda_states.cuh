// The states that enter chunks: what each chunk adds to them, then a scan over chunks in place.
#pragma once

#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_common.cuh"

namespace omniq::kernels::detail {

template <typename M, int kTiles>
struct SsdStatesShared {
  using Element = typename M::Element;
  // B or C of the chunk, all of it where it fits.
  static constexpr int kColumnTiles = sizeof(Element) == 2 ? 4 : 2;
  Element rows[kTiles][kTileElements], columns[kColumnTiles][kTileElements];
  Element scratch[kTileElements];
  SsdDecays<kTiles> decays[kHeadsAtOnce];
  float left[kHeadsAtOnce][kTiles * kTile], right[kHeadsAtOnce][kTiles * kTile];
};

/// What a chunk adds to both states of some heads: Σ_s scale_s B_s u_sᵀ, and for gradients Σ_t
/// scale_t C_t g_tᵀ. A warp has 16 states.
template <typename T, int kTiles, bool kGradients>
__global__ void __launch_bounds__(kTileThreads)
    ssd_states_kernel(const CudaSsdArguments<T> args, const Rows<const T> grad_y,
                      const SsdStates states) {
  using M = typename ProductsOf<T>::Type;
  using Element = typename M::Element;
  using Shared = SsdStatesShared<M, kTiles>;
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<Shared*>(memory);
  const SsdChunk chunk(args, blockIdx.x / static_cast<unsigned>(args.head_groups), kTiles * kTile);
  const HeadRange heads(args, blockIdx.x % static_cast<unsigned>(args.head_groups));
  const int slices = slices_of(args);
  const bool all_columns = slices * kTiles <= Shared::kColumnTiles;
  const auto fetch_columns = [&](int to, int slice, int tile) {
    fetch_slice(shared.columns[to], args, kGradients ? args.C : args.B, chunk, slice, tile);
  };
  if (all_columns) {
    for (int i = 0; i < slices * kTiles; ++i) fetch_columns(i, i / kTiles, i % kTiles);
  }

  for (std::int64_t head = heads.first; head < heads.end; ++head) {
    const int place = static_cast<int>(head - heads.first) % kHeadsAtOnce;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    __syncthreads();
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      fetch_head(shared.rows[tile], kGradients ? grad_y : args.u, chunk, head, tile);
    }
    if (place == 0 && head + warp < heads.end) {  // a warp finds the decays of a head
      auto& decays = shared.decays[warp];
      find_decays(args, chunk, head + warp, decays);
      __syncwarp();
      for (int i = lane_index(); i < kTiles * kTile; i += 32) {
        const TokenDecays token(decays, i);
        shared.left[warp][i] = kGradients ? token.from : decays.step[i] * token.after;
        shared.right[warp][i] = kGradients ? token.through : decays.step[i] * token.before;
      }
      if (lane_index() == 0) {
        states.decays[(chunk.clip * args.chunks + chunk.index) * args.heads + head + warp] =
            decay_between(float2{0.F, 0.F}, decays.total());
      }
    }
    all_tiles_here();

    for (int slice = 0; slice < slices; ++slice) {
      TileResult left, right;
      clear(left);
      clear(right);
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        const int at = all_columns ? slice * kTiles + tile : tile;
        if (!all_columns) {
          __syncthreads();
          fetch_columns(at, slice, tile);
          all_tiles_here();
        }
#pragma unroll
        for (int k = 0; k < kTile; k += 16) {
          const int token = tile * kTile + k;
          if (token >= chunk.tokens) break;
          const auto a = M::left_transposed(shared.columns[at], warp_row(), k);
          const auto a_left = with_scaled_columns<M>(a, shared.left[place] + token);
          const auto a_right = with_scaled_columns<M>(a, shared.right[place] + token);
#pragma unroll
          for (int n = 0; n < 4; ++n) {
            typename M::Right b[2];
            M::right(shared.rows[tile], k, n * 16, b);
#pragma unroll
            for (int j = 0; j < 2; ++j) {
              M::multiply(left[2 * n + j], a_left, b[j]);
              M::multiply(right[2 * n + j], a_right, b[j]);
            }
          }
        }
      }
      const int first = slice * kTile + warp_row(), rows = static_cast<int>(args.states) - first;
      store_rows(left, shared.scratch,
                 state_of<Element>(args, states, chunk, head, 0) + first * kTile, kTile, rows);
      store_rows(right, shared.scratch,
                 state_of<Element>(args, states, chunk, head, 1) + first * kTile, kTile, rows);
    }
  }
}

inline constexpr int kScanThreads = 128;
inline constexpr int kScanBytes = 8;   // of a state that a thread has
inline constexpr int kScanAhead = 16;  // chunks whose loads are in flight together

/// Turns what each chunk adds into what enters it. A thread has a few elements of one state.
template <typename Element>
__global__ void __launch_bounds__(kScanThreads)
    ssd_scan_kernel(SsdStates states, std::int64_t clips, std::int64_t chunks, std::int64_t heads,
                    std::int64_t state_elements) {
  constexpr int kVector = kScanBytes / sizeof(Element);
  struct alignas(kScanBytes) Vector {
    Element values[kVector];
  };
  const std::int64_t vectors = state_elements / kVector;
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * kScanThreads + threadIdx.x;
  if (index >= clips * heads * 2 * vectors) return;
  const std::int64_t element = index % vectors * kVector, side = index / vectors % 2;
  const std::int64_t head = index / vectors / 2 % heads, clip = index / vectors / 2 / heads;
  const auto place = [&](std::int64_t i) {  // in the order of this scan
    const std::int64_t chunk = side == 0 ? i : chunks - 1 - i;
    return (clip * chunks + chunk) * heads + head;
  };
  auto* data = static_cast<Element*>(states.data) + side * state_elements + element;
  const auto vector_of = [&](std::int64_t i) {
    return reinterpret_cast<Vector*>(data + place(i) * 2 * state_elements);
  };
  float h[kVector] = {};
  for (std::int64_t begin = 0; begin < chunks; begin += kScanAhead) {
    Vector added[kScanAhead];
    float decays[kScanAhead];
#pragma unroll
    for (int i = 0; i < kScanAhead; ++i) {
      const std::int64_t chunk = min(begin + i, chunks - 1);
      added[i] = *vector_of(chunk);
      decays[i] = states.decays[place(chunk)];
    }
#pragma unroll
    for (int i = 0; i < kScanAhead; ++i) {
      if (begin + i >= chunks) break;
      Vector before;
#pragma unroll
      for (int v = 0; v < kVector; ++v) {
        before.values[v] = from_float<Element>(h[v]);
        h[v] = fmaf(decays[i], h[v], to_float(added[i].values[v]));
      }
      *vector_of(begin + i) = before;
    }
  }
}

template <typename T, int kTiles>
cudaError_t ssd_states(const CudaSsdArguments<T>& args, const Rows<const T>& grad_y,
                       const SsdStates& states, cudaStream_t stream) {
  using M = typename ProductsOf<T>::Type;
  using Element = typename M::Element;
  const cudaError_t error = launch_ssd<SsdStatesShared<M, kTiles>>(
      grad_y.data != nullptr ? ssd_states_kernel<T, kTiles, true>
                             : ssd_states_kernel<T, kTiles, false>,
      args.clips * args.chunks * args.head_groups, stream, args, grad_y, states);
  if (error != cudaSuccess) return error;
  const std::int64_t elements = args.states * kTile;
  const std::int64_t threads = args.clips * args.heads * 2 * elements *
                               static_cast<std::int64_t>(sizeof(Element)) / kScanBytes;
  ssd_scan_kernel<Element>
      <<<static_cast<unsigned>((threads + kScanThreads - 1) / kScanThreads), kScanThreads, 0,
         stream>>>(states, args.clips, args.chunks, args.heads, elements);
  return cudaGetLastError();
}

template <typename T>
cudaError_t ssd_states(const CudaSsdArguments<T>& args, const Rows<const T>& grad_y,
                       const SsdStates& states, cudaStream_t stream) {
  if constexpr (std::is_same_v<T, __nv_bfloat16>) {
    if (args.chunk_tiles == 2) return ssd_states<T, 2>(args, grad_y, states, stream);
  }
  return args.chunk_tiles == 1 ? ssd_states<T, 1>(args, grad_y, states, stream)
                               : cudaErrorInvalidValue;
}

}  // namespace omniq::kernels::detail
