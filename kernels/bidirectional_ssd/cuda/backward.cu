// Gradients of the SSD product, in two kernels. The first has a chunk and some of its heads: it
// gives the gradients of u, delta and the parameters, and that of the similarities C · B, which all
// heads share. The second makes the gradients of B and C from those and the states.
//
// With g the gradient of y, everything transposed to rows s and columns t:
//   du_s  = Σ_t w_ts Δ_s (B_s · C_t) g_t + D g_s
//   z_ts  = w_ts (C_t · B_s) (g_t · u_s), whose sum over t is the gradient of Δ_s as a factor, and
//   Δ_s z_ts is the gradient of the exponent of w_ts, the sum of a over the tokens between.
// The gradient of a_i sums the exponents' of all pairs that have i between them, and only those:
// differences of sums over all pairs would lose it beside tokens with large steps.
#include "kernels/bidirectional_ssd/cuda/chunks.cuh"

namespace omniq::kernels::detail {

inline constexpr int kTileWarps = kTileThreads / 32;

/// What a token's exponents get from outside its chunk: shares of the gradient of a for the tokens
/// i on the way there.
struct ExponentGradients {
  float up_to;   // for i ≤ this token
  float before;  // for i < it
  float from;    // for i ≥ it
  float after;   // for i > it
};

template <typename M>
struct SsdBackwardShared {
  using Element = typename M::Element;
  Element u[kTileElements], grad_y[kTileElements], tokens[kTileElements], state[kTileElements];
  SsdDecays<1> decays;
  float direct[kTile];    // gradient of Δ as a factor
  float spanning[kTile];  // gradient of a from pairs within the chunk
  ExponentGradients exponents[kTile];
  float sums[4][kTileWarps];
};

/// Row g and row g + 8 of a warp's result times those of a tile, summed over columns.
template <typename Element>
__device__ __forceinline__ void dot_rows(const TileResult& x, const Element* tile,
                                         float (&sums)[2]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float sum = 0.F;
#pragma unroll
    for (int n = 0; n < 8; ++n) {
      const float2 y = load_own_pair(tile, n, half);
      sum = fmaf(x[n][2 * half], y.x, fmaf(x[n][2 * half + 1], y.y, sum));
    }
    sums[half] = sum_of_row(sum);
  }
}

/// The pairs of tokens within a chunk: adds to du and to the gradient of the similarities, and
/// leaves the gradients of the exponents in shared.tokens, rows s and columns t. Returns this
/// thread's share of Σ_t g_t · u_t.
template <typename M>
__device__ __forceinline__ float add_pair_gradients(TileResult& du, TileResult& dsimilarity,
                                                    const TileResult& similarity,
                                                    SsdBackwardShared<M>& shared, int tokens) {
  const SsdDecays<1>& decays = shared.decays;
  const int row = warp_row() + lane_row();
  float2 E[2], I[2];
  float step[2], direct[2] = {}, diagonal = 0.F;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int s = row + half * 8;
    E[half] = decays.sums[s], I[half] = decays.sums[s + 1], step[half] = decays.step[s];
  }
  typename M::Left u[kTile / 16];
#pragma unroll
  for (int p = 0; p < kTile / 16; ++p) u[p] = M::left(shared.u, warp_row(), p * 16);
#pragma unroll
  for (int k = 0; k < kTile / 16; ++k) {
    if (k * 16 >= tokens) break;
    float products[2][4] = {};  // u_s · g_t
#pragma unroll
    for (int p = 0; p < kTile / 16; ++p) {
      typename M::Right g[2];
      M::right_of_columns(shared.grad_y, p * 16, k * 16, g);
      M::multiply(products[0], u[p], g[0]);
      M::multiply(products[1], u[p], g[1]);
    }
    typename M::Left weights;
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      const int first = k * 16 + n * 8 + lane_column();
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int s = row + half * 8;
        float weighted[2], exponents[2];
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          const int t = first + j, e = 2 * half + j;
          const float weight =
              pair_weight(t, decays.sums[t], decays.sums[t + 1], s, E[half], I[half]);
          const float scaled = weight * step[half], product = products[n][e];
          weighted[j] = scaled * similarity[2 * k + n][e];
          exponents[j] = weighted[j] * product;
          dsimilarity[2 * k + n][e] = fmaf(scaled, product, dsimilarity[2 * k + n][e]);
          direct[half] = fmaf(weight * similarity[2 * k + n][e], product, direct[half]);
          if (t == s) diagonal += product;
        }
        weights.set(2 * n + half, weighted[0], weighted[1]);
        store_pair(shared.tokens + s * kTileRow + first, exponents[0], exponents[1]);
      }
    }
    multiply_rows<M>(du, weights, shared.grad_y, k * 16);
  }
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    direct[half] = sum_of_row(direct[half]);
    if (lane_column() != 0) continue;
    shared.direct[row + half * 8] = direct[half];
    shared.exponents[row + half * 8] = {0.F, 0.F, 0.F, 0.F};
  }
  return diagonal;
}

/// Sums what add_pair_gradients() left over the pairs that have a token i between them: s < i ≤ t
/// and t ≤ i < s. The sum over s is a product with ones and zeros.
template <typename M>
__device__ __forceinline__ void sum_spanning_pairs(SsdBackwardShared<M>& shared, int tokens) {
  float sums[2] = {};
#pragma unroll
  for (const bool before : {true, false}) {
    TileResult of_rows;
    clear(of_rows);
#pragma unroll
    for (int k = 0; k < kTile; k += 16) {
      if (k >= tokens || (before ? k > warp_row() : k < warp_row())) continue;
      typename M::Left ones;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = warp_row() + lane_row() + i % 2 * 8, s = k + lane_column() + i / 2 * 8;
        ones.set(i, (before ? s < row : s > row) ? 1.F : 0.F,
                 (before ? s + 1 < row : s + 1 > row) ? 1.F : 0.F);
      }
      multiply_rows<M>(of_rows, ones, shared.tokens, k);
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = warp_row() + lane_row() + half * 8;
#pragma unroll
      for (int n = 0; n < 8; ++n) {
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          const int t = n * 8 + lane_column() + j;
          const bool spans = before ? t >= row && t < tokens : t <= row;
          sums[half] += spans ? of_rows[n][2 * half + j] : 0.F;
        }
      }
    }
  }
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    sums[half] = sum_of_row(sums[half]);
    if (lane_column() == 0) shared.spanning[warp_row() + lane_row() + half * 8] = sums[half];
  }
}

/// Which state reaches a token from outside its chunk, of y's or of the gradients'.
enum class SsdReach { kGradientRight, kGradientLeft, kLeft, kRight };

/// What reaches the warp's tokens from outside the chunk through one state.
template <SsdReach kReach, typename M, typename T>
__device__ __forceinline__ void add_state_gradients(const CudaSsdArguments<T>& args,
                                                    const CudaSsdGradients<T>& grads,
                                                    const SsdChunk& chunk, std::int64_t head,
                                                    SsdBackwardShared<M>& shared, TileResult& du) {
  constexpr bool kGradient =
      kReach == SsdReach::kGradientRight || kReach == SsdReach::kGradientLeft;
  constexpr int kSide = kReach == SsdReach::kGradientRight || kReach == SsdReach::kRight ? 1 : 0;
  const bool active = warp_row() < chunk.tokens;
  const auto* state = state_of<typename M::Element>(
      args, kGradient ? grads.grad_states : grads.states, chunk, head, kSide);
  TileResult reached;
  clear(reached);
  for (int slice = 0; slice < slices_of(args); ++slice) {
    __syncthreads();
    fetch_slice(shared.tokens, args, kGradient ? args.B : args.C, chunk, slice);
    fetch_state(shared.state, args, state, slice);
    all_tiles_here();
    if (!active) continue;
#pragma unroll
    for (int k = 0; k < kTile; k += 16) {
      multiply_rows<M>(reached, M::left(shared.tokens, warp_row(), k), shared.state, k);
    }
  }
  if (!active) return;
  float dots[2];
  dot_rows(reached, kGradient ? shared.u : shared.grad_y, dots);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int i = warp_row() + lane_row() + half * 8;
    const TokenDecays decays(shared.decays, i);
    const float step = shared.decays.step[i];
    const float decay = 0.5F * (kReach == SsdReach::kGradientRight  ? decays.after
                                : kReach == SsdReach::kGradientLeft ? decays.before
                                : kReach == SsdReach::kLeft         ? decays.through
                                                                    : decays.from);
    if constexpr (kGradient) {
#pragma unroll
      for (int n = 0; n < 8; ++n) {
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          float& to = du[n][2 * half + j];
          to = fmaf(step * decay, reached[n][2 * half + j], to);
        }
      }
    }
    if (lane_column() != 0) continue;
    const float dot = decay * dots[half];
    ExponentGradients& exponents = shared.exponents[i];
    if constexpr (kGradient) shared.direct[i] += dot;
    if constexpr (kReach == SsdReach::kGradientRight) exponents.after += step * dot;
    if constexpr (kReach == SsdReach::kGradientLeft) exponents.before += step * dot;
    if constexpr (kReach == SsdReach::kLeft) exponents.up_to += dot;
    if constexpr (kReach == SsdReach::kRight) exponents.from += dot;
  }
}

/// This thread's share of the gradient of a chunk's whole decay, which what passes through it has.
template <typename M, typename T>
__device__ __forceinline__ float passing_gradient(const CudaSsdArguments<T>& args,
                                                  const CudaSsdGradients<T>& grads,
                                                  const SsdChunk& chunk, std::int64_t head) {
  using Element = typename M::Element;
  float sum = 0.F;
#pragma unroll
  for (int side = 0; side < 2; ++side) {
    const Element* state = state_of<Element>(args, grads.states, chunk, head, side);
    const Element* gradient = state_of<Element>(args, grads.grad_states, chunk, head, 1 - side);
    for (int i = 8 * static_cast<int>(threadIdx.x); i < args.states * kTile;
         i += 8 * kTileThreads) {
      float x[8], y[8];
      load8(state + i, x);
      load8(gradient + i, y);
#pragma unroll
      for (int j = 0; j < 8; ++j) sum = fmaf(x[j], y[j], sum);
    }
  }
  return sum;
}

template <typename T>
__global__ void __launch_bounds__(kTileThreads)
    ssd_backward_kernel(const CudaSsdArguments<T> args, const CudaSsdGradients<T> grads) {
  using M = typename ProductsOf<T>::Type;
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<SsdBackwardShared<M>*>(memory);
  const SsdChunk chunk(args, blockIdx.x / static_cast<unsigned>(args.head_groups), kTile);
  const HeadRange heads(args, blockIdx.x % static_cast<unsigned>(args.head_groups));
  const bool active = warp_row()<chunk.tokens, carried = args.chunks> 1;
  const int warp = static_cast<int>(threadIdx.x) / 32;

  TileResult similarity, dsimilarity;  // rows s, columns t
  clear(similarity);
  clear(dsimilarity);
  for (int slice = 0; slice < slices_of(args); ++slice) {
    __syncthreads();
    fetch_slice(shared.tokens, args, args.B, chunk, slice);
    fetch_slice(shared.state, args, args.C, chunk, slice);
    all_tiles_here();
    if (!active) continue;
    for (int k = 0; k < kTile; k += 16) {
      multiply_rows<M, true>(similarity, M::left(shared.tokens, warp_row(), k), shared.state, k);
    }
  }

  for (std::int64_t head = heads.first; head < heads.end; ++head) {
    __syncthreads();
    fetch_head(shared.u, args.u, chunk, head);
    fetch_head(shared.grad_y, grads.y, chunk, head);
    if (threadIdx.x < 32) find_decays(args, chunk, head, shared.decays);
    all_tiles_here();
    TileResult du;
    clear(du);
    float diagonal = 0.F, passing = 0.F;
    if (active) {
      diagonal = add_pair_gradients<M>(du, dsimilarity, similarity, shared, chunk.tokens);
    }
    __syncthreads();
    if (active) sum_spanning_pairs<M>(shared, chunk.tokens);
    if (carried) {
      add_state_gradients<SsdReach::kGradientRight>(args, grads, chunk, head, shared, du);
      add_state_gradients<SsdReach::kGradientLeft>(args, grads, chunk, head, shared, du);
      add_state_gradients<SsdReach::kLeft>(args, grads, chunk, head, shared, du);
      add_state_gradients<SsdReach::kRight>(args, grads, chunk, head, shared, du);
      passing = passing_gradient<M>(args, grads, chunk, head);
    }
    diagonal = sum_of_warp(diagonal);
    passing = sum_of_warp(passing);
    if (lane_index() == 0) {
      shared.sums[0][warp] = diagonal;
      shared.sums[1][warp] = passing;
    }
    __syncthreads();

    if (active) {
      add_scaled_rows(du, shared.grad_y, args.D_skip[head]);
      store_rows(du, shared.tokens,
                 rows_of_chunk(grads.u, chunk) + warp_row() * grads.u.token + head * kTile,
                 grads.u.token, chunk.tokens - warp_row());
    }
    const int i = static_cast<int>(threadIdx.x);
    float of_A = 0.F, of_bias = 0.F;
    if (i < chunk.tokens) {
      const float whole = decay_between(float2{0.F, 0.F}, shared.decays.total());
      float a = 0.F;
      for (int w = 0; w < kTileWarps; ++w) a += shared.sums[1][w];
      a = fmaf(a, 0.5F * whole, shared.spanning[i]);
      for (int j = 0; carried && j < chunk.tokens; ++j) {
        const ExponentGradients x = shared.exponents[j];
        if (i <= j) a += x.up_to;
        if (i < j) a += x.before;
        if (i >= j) a += x.from;
        if (i > j) a += x.after;
      }
      const float step = shared.decays.step[i], slope = shared.decays.slope[i];
      of_bias = fmaf(a, args.A[head], shared.direct[i]) * slope;
      of_A = a * step;
      rows_of_chunk(grads.delta, chunk)[i * grads.delta.token + head] = from_float<T>(of_bias);
    }
    of_A = sum_of_warp(of_A);
    of_bias = sum_of_warp(of_bias);
    if (lane_index() == 0) {
      shared.sums[2][warp] = of_A;
      shared.sums[3][warp] = of_bias;
    }
    __syncthreads();
    if (threadIdx.x < 3) {
      constexpr int kPlaces[3] = {2, 3, 0};  // of A, delta_bias, D_skip
      const float* sums = shared.sums[kPlaces[threadIdx.x]];
      float sum = 0.F;
      for (int w = 0; w < kTileWarps; ++w) sum += sums[w];
      const std::int64_t place = chunk.clip * args.chunks + chunk.index;
      grads.parameters[(place * 3 + threadIdx.x) * args.heads + head] = sum;
    }
  }
  float* to = grads.similarities + blockIdx.x * kTile * kTile + (warp_row() + lane_row()) * kTile;
#pragma unroll
  for (int n = 0; n < 8; ++n) {
    store_pair(to + n * 8 + lane_column(), dsimilarity[n][0], dsimilarity[n][1]);
    store_pair(to + 8 * kTile + n * 8 + lane_column(), dsimilarity[n][2], dsimilarity[n][3]);
  }
}

template <typename M>
struct SsdBackwardStatesShared {
  using Element = typename M::Element;
  Element rows[kTileElements], left[kTileElements], right[kTileElements];
  SsdDecays<1> decays;
};

/// The gradient of 64 of the states' columns of B or, with kOfC, of C, in a chunk.
template <typename T, bool kOfC>
__global__ void __launch_bounds__(kTileThreads)
    ssd_backward_states_kernel(const CudaSsdArguments<T> args, const CudaSsdGradients<T> grads) {
  using M = typename ProductsOf<T>::Type;
  using Element = typename M::Element;
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<SsdBackwardStatesShared<M>*>(memory);
  const int slices = slices_of(args), slice = static_cast<int>(blockIdx.x) % slices;
  const SsdChunk chunk(args, blockIdx.x / slices, kTile);
  const bool active = warp_row() < chunk.tokens;
  TileResult sum;
  clear(sum);
  for (std::int64_t head = 0; args.chunks > 1 && head < args.heads; ++head) {
    const SsdStates& states = kOfC ? grads.states : grads.grad_states;
    __syncthreads();
    fetch_head(shared.rows, kOfC ? grads.y : args.u, chunk, head);
    fetch_state(shared.left, args, state_of<Element>(args, states, chunk, head, 0), slice);
    fetch_state(shared.right, args, state_of<Element>(args, states, chunk, head, 1), slice);
    if (threadIdx.x < 32) find_decays(args, chunk, head, shared.decays);
    all_tiles_here();
    if (!active) continue;
    float left[2], right[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int i = warp_row() + lane_row() + half * 8;
      const TokenDecays decays(shared.decays, i);
      const float scale = kOfC ? 0.5F : 0.5F * shared.decays.step[i];
      left[half] = scale * (kOfC ? decays.through : decays.before);
      right[half] = scale * (kOfC ? decays.from : decays.after);
    }
#pragma unroll
    for (int k = 0; k < kTile; k += 16) {
      auto of_left = M::left(shared.rows, warp_row(), k), of_right = of_left;
      scale_rows<M>(of_left, left[0], left[1]);
      scale_rows<M>(of_right, right[0], right[1]);
      multiply_rows<M, true>(sum, of_left, shared.left, k);
      multiply_rows<M, true>(sum, of_right, shared.right, k);
    }
  }
  __syncthreads();
  // The pairs within the chunk: the gradient of the similarities, over all heads.
  const float* similarities =
      grads.similarities + blockIdx.x / slices * args.head_groups * kTile * kTile;
  for (int i = static_cast<int>(threadIdx.x); i < kTile * kTile; i += kTileThreads) {
    float x = 0.F;
    for (std::int64_t group = 0; group < args.head_groups; ++group) {
      x += similarities[group * kTile * kTile + i];
    }
    shared.left[i / kTile * kTileRow + i % kTile] = from_float<Element>(x);
  }
  fetch_slice(shared.right, args, kOfC ? args.B : args.C, chunk, slice);
  all_tiles_here();
  if (!active) return;
#pragma unroll
  for (int k = 0; k < kTile; k += 16) {
    if (k >= chunk.tokens) break;
    const auto a =
        kOfC ? M::left_transposed(shared.left, warp_row(), k) : M::left(shared.left, warp_row(), k);
    multiply_rows<M>(sum, a, shared.right, k);
  }
  const Rows<T>& out = kOfC ? grads.C : grads.B;
  T* to = rows_of_chunk(out, chunk) + warp_row() * out.token + slice * kTile;
#pragma unroll
  for (int n = 0; n < 8; ++n) {
    if (slice * kTile + n * 8 >= args.states) break;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = lane_row() + half * 8;
      if (warp_row() + row >= chunk.tokens) continue;
      store_pair(to + row * out.token + n * 8 + lane_column(), sum[n][2 * half],
                 sum[n][2 * half + 1]);
    }
  }
}

template <typename T>
cudaError_t ssd_backward(const CudaSsdArguments<T>& args, const CudaSsdGradients<T>& grads,
                         cudaStream_t stream) {
  using M = typename ProductsOf<T>::Type;
  const std::int64_t chunks = args.clips * args.chunks;
  cudaError_t error = launch_ssd<SsdBackwardShared<M>>(
      ssd_backward_kernel<T>, chunks * args.head_groups, stream, args, grads);
  if (error != cudaSuccess) return error;
  const std::int64_t slices = (args.states + kTile - 1) / kTile;
  for (const auto kernel :
       {ssd_backward_states_kernel<T, false>, ssd_backward_states_kernel<T, true>}) {
    error = launch_ssd<SsdBackwardStatesShared<M>>(kernel, chunks * slices, stream, args, grads);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

using Element = OMNIQ_ELEMENT;
template cudaError_t ssd_backward(const CudaSsdArguments<Element>&,
                                  const CudaSsdGradients<Element>&, cudaStream_t);

}  // namespace omniq::kernels::detail
