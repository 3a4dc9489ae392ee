// The states that enter chunks: what each chunk adds to them, then a scan over chunks in place.
#pragma once

#include "kernels/bidirectional_ssd/cuda/chunks.cuh"

namespace omniq::kernels::detail {

template <typename M, int kTiles>
struct SsdStatesShared {
  using Element = typename M::Element;
  Element rows[kTiles][kTileElements], columns[2][kTileElements];
  SsdDecays<kTiles> decays;
  float left[kTiles * kTile], right[kTiles * kTile];
};

/// What a chunk adds to both states of a head: Σ_s scale_s B_s u_sᵀ, and for gradients Σ_t scale_t
/// C_t g_tᵀ. A warp has 16 states.
template <typename T, int kTiles, bool kGradients>
__global__ void __launch_bounds__(kTileThreads)
    ssd_states_kernel(const CudaSsdArguments<T> args, const Rows<const T> grad_y,
                      const SsdStates states) {
  using M = typename ProductsOf<T>::Type;
  using Element = typename M::Element;
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<SsdStatesShared<M, kTiles>*>(memory);
  const SsdChunk chunk(args, blockIdx.x / static_cast<unsigned>(args.heads), kTiles * kTile);
  const std::int64_t head = blockIdx.x % static_cast<unsigned>(args.heads);
  const int steps = slices_of(args) * kTiles;  // each slice over all tiles of tokens
  const auto fetch_columns = [&](int step) {
    fetch_slice(shared.columns[step % 2], args, kGradients ? args.C : args.B, chunk, step / kTiles,
                step % kTiles);
  };
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile) {
    fetch_head(shared.rows[tile], kGradients ? grad_y : args.u, chunk, head, tile);
  }
  fetch_columns(0);
  end_of_group();
  if (threadIdx.x < 32) find_decays(args, chunk, head, shared.decays);
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < kTiles * kTile; i += kTileThreads) {
    const TokenDecays decays(shared.decays, i);
    const float step = shared.decays.step[i];
    shared.left[i] = kGradients ? decays.from : step * decays.after;
    shared.right[i] = kGradients ? decays.through : step * decays.before;
  }
  if (threadIdx.x == 0) {
    states.decays[blockIdx.x] = decay_between(float2{0.F, 0.F}, shared.decays.total());
  }

  TileResult left, right;
  for (int step = 0; step < steps; ++step) {
    if (step + 1 < steps) fetch_columns(step + 1);
    end_of_group();
    wait_for_tiles<1>();
    __syncthreads();
    const int tile = step % kTiles, first_token = tile * kTile;
    Element* columns = shared.columns[step % 2];
    if (tile == 0) {
      clear(left);
      clear(right);
    }
#pragma unroll
    for (int k = 0; k < kTile; k += 16) {
      if (first_token + k >= chunk.tokens) break;
      const auto a = M::left_transposed(columns, warp_row(), k);
      const auto a_left = with_scaled_columns<M>(a, shared.left + first_token + k);
      const auto a_right = with_scaled_columns<M>(a, shared.right + first_token + k);
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
    __syncthreads();  // the columns are read, and become scratch
    if (tile + 1 < kTiles) continue;
    const int first = step / kTiles * kTile + warp_row();
    const int rows = static_cast<int>(args.states) - first;
    store_rows(left, columns, state_of<Element>(args, states, chunk, head, 0) + first * kTile,
               kTile, rows);
    store_rows(right, columns, state_of<Element>(args, states, chunk, head, 1) + first * kTile,
               kTile, rows);
    __syncthreads();  // before the step after the next comes to the same place
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

template <typename T>
cudaError_t ssd_states(const CudaSsdArguments<T>& args, const Rows<const T>& grad_y,
                       const SsdStates& states, cudaStream_t stream) {
  using M = typename ProductsOf<T>::Type;
  using Element = typename M::Element;
  const cudaError_t error = with_chunk_tiles<T>(args.chunk_tiles, [&](auto tiles) {
    return launch_ssd<SsdStatesShared<M, tiles>>(
        grad_y.data != nullptr ? ssd_states_kernel<T, tiles, true>
                               : ssd_states_kernel<T, tiles, false>,
        args.clips * args.chunks * args.heads, stream, args, grad_y, states);
  });
  if (error != cudaSuccess) return error;
  const std::int64_t elements = args.states * kTile;
  const std::int64_t threads = args.clips * args.heads * 2 * elements *
                               static_cast<std::int64_t>(sizeof(Element)) / kScanBytes;
  ssd_scan_kernel<Element>
      <<<static_cast<unsigned>((threads + kScanThreads - 1) / kScanThreads), kScanThreads, 0,
         stream>>>(states, args.clips, args.chunks, args.heads, elements);
  return cudaGetLastError();
}

}  // namespace omniq::kernels::detail
