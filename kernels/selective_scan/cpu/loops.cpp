// Every innermost loop runs over the N states of one channel (contiguous in A, B, C and h) or over
// the channels of a tile. The names follow selective_scan.h; `step` is Δ and `input` is Δu.
#include "kernels/selective_scan/cpu/loops.h"

#include "kernels/common/cpu_math.h"

namespace omniq::kernels::detail {
namespace {

// Channels whose states are kept at a time in backward, so that they stay in the second-level
// cache.
constexpr std::int64_t kGroup = 4;

OMNIQ_INLINE std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

template <typename T>
OMNIQ_INLINE T* row(const Rows<T>& rows, std::int64_t r, std::int64_t b, std::int64_t t) {
  return rows.data + r * rows.direction + b * rows.clip + t * rows.token;
}

// One tile: where it lies and its parameters.
template <typename T>
struct Tile {
  std::int64_t r, b, channel, count;
  const T *A, *D_skip, *bias;
};

template <typename T>
OMNIQ_INLINE Tile<T> make_tile(const CpuScanArguments<T>& args, std::int64_t r, std::int64_t b,
                               std::int64_t tile) {
  const std::int64_t channel = tile * kTile;
  return {r,
          b,
          channel,
          smaller(kTile, args.channels - channel),
          args.A + r * args.A_direction + channel * args.states,
          args.D_skip + r * args.D_direction + channel,
          args.delta_bias + r * args.bias_direction + channel};
}

// The token that the scan of direction r reaches at step i.
template <typename T>
OMNIQ_INLINE std::int64_t token_at(const CpuScanArguments<T>& args, std::int64_t r,
                                   std::int64_t i) {
  return r == 0 ? i : args.tokens - 1 - i;
}

template <typename T>
OMNIQ_INLINE bool is_live(const CpuScanArguments<T>& args, std::int64_t b, std::int64_t t) {
  return args.mask == nullptr || args.mask[b * args.tokens + t];
}

// Reads `count` values into a full tile; the rest is zero.
template <typename T>
OMNIQ_INLINE void load(T* __restrict tile, const T* __restrict source, std::int64_t count) {
  if (count == kTile) {
    for (std::int64_t j = 0; j < kTile; ++j) tile[j] = source[j];
  } else {
    for (std::int64_t j = 0; j < kTile; ++j) tile[j] = j < count ? source[j] : T(0);
  }
}

template <typename T>
OMNIQ_INLINE void store(T* __restrict destination, const T* __restrict tile, std::int64_t count) {
  if (count == kTile) {
    for (std::int64_t j = 0; j < kTile; ++j) destination[j] = tile[j];
  } else {
    for (std::int64_t j = 0; j < count; ++j) destination[j] = tile[j];
  }
}

// One step of all channels of a tile, y = C · h. h and A are [states, kTile], so that nothing is
// summed across the vector.
template <typename T>
OMNIQ_INLINE void forward_step(T* __restrict h, const T* __restrict A, const T* __restrict B,
                               const T* __restrict C, const T* __restrict step,
                               const T* __restrict input, T* __restrict y, std::int64_t states) {
  T sum[kTile], rate[kTile];
  for (std::int64_t j = 0; j < kTile; ++j) {
    sum[j] = 0;
    rate[j] = step[j] * cpu::kLog2E<T>;  // exp(Δ A) = 2^(rate A)
  }
  for (std::int64_t n = 0; n < states; ++n) {
#pragma omp simd
    for (std::int64_t j = 0; j < kTile; ++j) {
      const std::int64_t at = n * kTile + j;
      const T state = cpu::exp2(rate[j] * A[at]) * h[at] + input[j] * B[n];
      h[at] = state;
      sum[j] += C[n] * state;
    }
  }
  for (std::int64_t j = 0; j < kTile; ++j) y[j] = sum[j];
}

// One step of one channel, keeping what backward needs; returns C · h.
template <bool kOutput, typename T>
OMNIQ_INLINE T recompute_step(const T* __restrict before, T* __restrict after, T* __restrict decay,
                              const T* __restrict A, const T* __restrict B, const T* __restrict C,
                              T step, T input, std::int64_t blocks) {
  const T rate = step * cpu::kLog2E<T>;
  T y = 0;
#pragma omp simd reduction(+ : y)
  for (std::int64_t n = 0; n < blocks * kStateMultiple; ++n) {
    const T factor = cpu::exp2(rate * A[n]);
    const T state = factor * before[n] + input * B[n];
    decay[n] = factor;
    after[n] = state;
    if constexpr (kOutput) y += C[n] * state;
  }
  return y;
}

// One step back of one channel. `carry` is the gradient of h_t from the steps after t and becomes
// that of h_{t−1}. Adds Σ_n ∂/∂(Δ A)·A to sum_A and Σ_n ∂/∂h·B to sum_B.
template <bool kA, bool kBC, typename T>
OMNIQ_INLINE void backward_step(T* __restrict carry, const T* __restrict before,
                                const T* __restrict after, const T* __restrict decay,
                                const T* __restrict A, const T* __restrict B, const T* __restrict C,
                                T* __restrict grad_A, T* __restrict grad_B, T* __restrict grad_C,
                                T step, T input, T grad_y, std::int64_t blocks, T& sum_A,
                                T& sum_B) {
  T a = 0;
  T b = 0;
#pragma omp simd reduction(+ : a, b)
  for (std::int64_t n = 0; n < blocks * kStateMultiple; ++n) {
    const T grad_h = grad_y * C[n] + carry[n];
    const T through = grad_h * decay[n];
    const T grad_exponent = through * before[n];
    carry[n] = through;
    a += grad_exponent * A[n];
    b += grad_h * B[n];
    if constexpr (kA) grad_A[n] += grad_exponent * step;
    if constexpr (kBC) {
      grad_B[n] += grad_h * input;
      grad_C[n] += grad_y * after[n];
    }
  }
  sum_A = a;
  sum_B = b;
}

// `scratch` holds A and h of the tile, [states, kTile] each.
template <typename T>
OMNIQ_INLINE void forward_tile(const CpuScanArguments<T>& args, const Rows<T>& out,
                               const Tile<T>& tile, T* scratch) {
  const std::int64_t states = args.states;
  T* const A = scratch;
  T* const h = scratch + states * kTile;
  T D[kTile], bias[kTile], u[kTile], step[kTile], input[kTile], y[kTile], gate[kTile];
  load(D, tile.D_skip, tile.count);
  load(bias, tile.bias, tile.count);
  for (std::int64_t n = 0; n < states * kTile; ++n) A[n] = h[n] = 0;
  for (std::int64_t j = 0; j < tile.count; ++j) {
    for (std::int64_t n = 0; n < states; ++n) A[n * kTile + j] = tile.A[j * states + n];
  }
  for (std::int64_t i = 0; i < args.tokens; ++i) {
    const std::int64_t t = token_at(args, tile.r, i);
    load(u, row(args.u, tile.r, tile.b, t) + tile.channel, tile.count);
    load(step, row(args.delta, tile.r, tile.b, t) + tile.channel, tile.count);
    const T live = is_live(args, tile.b, t) ? T(1) : T(0);
    for (std::int64_t j = 0; j < kTile; ++j) {
      step[j] = live * cpu::softplus(step[j] + bias[j]);
      input[j] = step[j] * u[j];
    }
    forward_step(h, A, row(args.B, tile.r, tile.b, t), row(args.C, tile.r, tile.b, t), step, input,
                 y, states);
    for (std::int64_t j = 0; j < kTile; ++j) y[j] += D[j] * u[j];
    if (args.z.data != nullptr) {
      load(gate, row(args.z, tile.r, tile.b, t) + tile.channel, tile.count);
      for (std::int64_t j = 0; j < kTile; ++j) y[j] *= cpu::silu(gate[j]);
    }
    store(row(out, tile.r, tile.b, t) + tile.channel, y, tile.count);
  }
}

// Scratch of backward; [tokens, kTile] each, indexed by scan step, unless said otherwise.
template <typename T>
struct Scratch {
  T *u, *step, *slope;  // slope: ∂Δ/∂delta
  T *grad_scan, *scan;  // of and as C · h + D u
  T *sum_A, *sum_B;     // from backward_step
  T* carry;             // [kGroup, states]
  T* states;            // [tokens + 1, kGroup, states], from h before the first step
  T* decay;             // [tokens, kGroup, states]
};

template <typename T>
OMNIQ_INLINE Scratch<T> divide(T* memory, std::int64_t tokens, std::int64_t states) {
  const std::int64_t rows = tokens * kTile;
  T* const groups = memory + 7 * rows;
  const std::int64_t group = kGroup * states;
  return {memory,
          memory + rows,
          memory + 2 * rows,
          memory + 3 * rows,
          memory + 4 * rows,
          memory + 5 * rows,
          memory + 6 * rows,
          groups,
          groups + group,
          groups + (tokens + 2) * group};
}

// Fills u, step, slope and grad_scan.
template <typename T>
OMNIQ_INLINE void prepare_tile(const CpuScanArguments<T>& args, const ScanGradients<T>& grads,
                               const Tile<T>& tile, const Scratch<T>& s) {
  T bias[kTile], gate[kTile];
  load(bias, tile.bias, tile.count);
  for (std::int64_t i = 0; i < args.tokens; ++i) {
    const std::int64_t t = token_at(args, tile.r, i);
    T* const step = s.step + i * kTile;
    T* const slope = s.slope + i * kTile;
    T* const grad_scan = s.grad_scan + i * kTile;
    load(s.u + i * kTile, row(args.u, tile.r, tile.b, t) + tile.channel, tile.count);
    load(step, row(args.delta, tile.r, tile.b, t) + tile.channel, tile.count);
    load(grad_scan, row(grads.y, tile.r, tile.b, t) + tile.channel, tile.count);
    const T live = is_live(args, tile.b, t) ? T(1) : T(0);
    for (std::int64_t j = 0; j < kTile; ++j) {
      const T x = step[j] + bias[j];
      step[j] = live * cpu::softplus(x);
      slope[j] = live * cpu::sigmoid(x);
    }
    if (args.z.data != nullptr) {
      load(gate, row(args.z, tile.r, tile.b, t) + tile.channel, tile.count);
      for (std::int64_t j = 0; j < kTile; ++j) grad_scan[j] *= cpu::silu(gate[j]);
    }
  }
}

// Runs `size` channels from `first` forward; fills states, decay, and scan (without D u) where the
// gate needs it.
template <typename T>
OMNIQ_INLINE void recompute_group(const CpuScanArguments<T>& args, bool with_output,
                                  const Tile<T>& tile, const Scratch<T>& s, std::int64_t first,
                                  std::int64_t size) {
  const std::int64_t states = args.states;
  const std::int64_t blocks = states / kStateMultiple;
  const std::int64_t group = kGroup * states;
  for (std::int64_t n = 0; n < group; ++n) s.states[n] = 0;
  for (std::int64_t i = 0; i < args.tokens; ++i) {
    const std::int64_t t = token_at(args, tile.r, i);
    const T* B = row(args.B, tile.r, tile.b, t);
    const T* C = row(args.C, tile.r, tile.b, t);
    for (std::int64_t j = 0; j < size; ++j) {
      const std::int64_t at = i * kTile + first + j;
      const T* before = s.states + i * group + j * states;
      T* after = s.states + (i + 1) * group + j * states;
      T* decay = s.decay + i * group + j * states;
      const T* A = tile.A + (first + j) * states;
      const T input = s.step[at] * s.u[at];
      if (with_output) {
        s.scan[at] = recompute_step<true>(before, after, decay, A, B, C, s.step[at], input, blocks);
      } else {
        recompute_step<false>(before, after, decay, A, B, C, s.step[at], input, blocks);
      }
    }
  }
}

// Runs the same channels back; fills sum_A and sum_B and adds to the gradients of A, B and C.
template <bool kA, bool kBC, typename T>
OMNIQ_INLINE void backward_group(const CpuScanArguments<T>& args, const ScanGradients<T>& grads,
                                 const Tile<T>& tile, const Scratch<T>& s, std::int64_t first,
                                 std::int64_t size) {
  const std::int64_t states = args.states;
  const std::int64_t blocks = states / kStateMultiple;
  const std::int64_t group = kGroup * states;
  for (std::int64_t n = 0; n < group; ++n) s.carry[n] = 0;
  for (std::int64_t i = args.tokens - 1; i >= 0; --i) {
    const std::int64_t t = token_at(args, tile.r, i);
    const T* B = row(args.B, tile.r, tile.b, t);
    const T* C = row(args.C, tile.r, tile.b, t);
    const std::int64_t offset = ((tile.r * args.clips + tile.b) * args.tokens + t) * states;
    for (std::int64_t j = 0; j < size; ++j) {
      const std::int64_t at = i * kTile + first + j;
      T* grad_A =
          kA ? grads.A + tile.r * args.A_direction + (tile.channel + first + j) * states : nullptr;
      backward_step<kA, kBC>(s.carry + j * states, s.states + i * group + j * states,
                             s.states + (i + 1) * group + j * states,
                             s.decay + i * group + j * states, tile.A + (first + j) * states, B, C,
                             grad_A, kBC ? grads.B + offset : nullptr,
                             kBC ? grads.C + offset : nullptr, s.step[at], s.step[at] * s.u[at],
                             s.grad_scan[at], blocks, s.sum_A[at], s.sum_B[at]);
    }
  }
}

// Writes the gradients that have one value a channel and token, and those of D_skip and delta_bias.
template <typename T>
OMNIQ_INLINE void finish_tile(const CpuScanArguments<T>& args, const ScanGradients<T>& grads,
                              const Tile<T>& tile, const Scratch<T>& s) {
  T D[kTile], D_sum[kTile], bias_sum[kTile], value[kTile], gate[kTile], grad_y[kTile];
  load(D, tile.D_skip, tile.count);
  for (std::int64_t j = 0; j < kTile; ++j) D_sum[j] = bias_sum[j] = 0;
  for (std::int64_t i = 0; i < args.tokens; ++i) {
    const std::int64_t t = token_at(args, tile.r, i);
    const T* u = s.u + i * kTile;
    const T* step = s.step + i * kTile;
    const T* slope = s.slope + i * kTile;
    const T* grad_scan = s.grad_scan + i * kTile;
    const T* sum_A = s.sum_A + i * kTile;
    const T* sum_B = s.sum_B + i * kTile;
    for (std::int64_t j = 0; j < kTile; ++j) D_sum[j] += grad_scan[j] * u[j];
    if (grads.u.data != nullptr) {
      for (std::int64_t j = 0; j < kTile; ++j) value[j] = grad_scan[j] * D[j] + step[j] * sum_B[j];
      store(row(grads.u, tile.r, tile.b, t) + tile.channel, value, tile.count);
    }
    for (std::int64_t j = 0; j < kTile; ++j) {
      value[j] = (sum_A[j] + u[j] * sum_B[j]) * slope[j];
      bias_sum[j] += value[j];
    }
    if (grads.delta.data != nullptr) {
      store(row(grads.delta, tile.r, tile.b, t) + tile.channel, value, tile.count);
    }
    if (grads.z.data != nullptr) {
      const T* scan = s.scan + i * kTile;
      load(gate, row(args.z, tile.r, tile.b, t) + tile.channel, tile.count);
      load(grad_y, row(grads.y, tile.r, tile.b, t) + tile.channel, tile.count);
      T* const destination = row(grads.z, tile.r, tile.b, t) + tile.channel;
      for (std::int64_t j = 0; j < kTile; ++j) {
        value[j] = grad_y[j] * (scan[j] + D[j] * u[j]) * cpu::silu_slope(gate[j]);
      }
      if (tile.r == 1 && grads.z.direction == 0) {
        for (std::int64_t j = 0; j < tile.count; ++j) value[j] += destination[j];
      }
      store(destination, value, tile.count);
    }
  }
  if (grads.D_skip != nullptr) {
    T* const destination = grads.D_skip + tile.r * args.D_direction + tile.channel;
    for (std::int64_t j = 0; j < tile.count; ++j) destination[j] += D_sum[j];
  }
  if (grads.delta_bias != nullptr) {
    T* const destination = grads.delta_bias + tile.r * args.bias_direction + tile.channel;
    for (std::int64_t j = 0; j < tile.count; ++j) destination[j] += bias_sum[j];
  }
}

template <typename T>
OMNIQ_INLINE void forward_tiles(const CpuScanArguments<T>& args, const Rows<T>& y,
                                std::int64_t begin, std::int64_t end, T* scratch) {
  const std::int64_t tiles = (args.channels + kTile - 1) / kTile;
  for (std::int64_t index = begin; index < end; ++index) {
    const std::int64_t row_index = index / tiles;
    forward_tile(args, y,
                 make_tile(args, row_index / args.clips, row_index % args.clips, index % tiles),
                 scratch);
  }
}

template <typename T>
OMNIQ_INLINE void backward_tiles(const CpuScanArguments<T>& args, const ScanGradients<T>& grads,
                                 const ScanRange& range, T* scratch) {
  const Scratch<T> s = divide(scratch, args.tokens, args.states);
  const bool with_A = grads.A != nullptr;
  const bool with_BC = grads.B != nullptr;
  for (std::int64_t b = range.clip_begin; b < range.clip_end; ++b) {
    for (std::int64_t r = 0; r < args.directions; ++r) {
      for (std::int64_t index = range.tile_begin; index < range.tile_end; ++index) {
        const Tile<T> tile = make_tile(args, r, b, index);
        prepare_tile(args, grads, tile, s);
        for (std::int64_t first = 0; first < tile.count; first += kGroup) {
          const std::int64_t size = smaller(kGroup, tile.count - first);
          recompute_group(args, grads.z.data != nullptr, tile, s, first, size);
          if (with_A && with_BC) {
            backward_group<true, true>(args, grads, tile, s, first, size);
          } else if (with_A) {
            backward_group<true, false>(args, grads, tile, s, first, size);
          } else if (with_BC) {
            backward_group<false, true>(args, grads, tile, s, first, size);
          } else {
            backward_group<false, false>(args, grads, tile, s, first, size);
          }
        }
        finish_tile(args, grads, tile, s);
      }
    }
  }
}

}  // namespace

std::int64_t scan_forward_scratch(std::int64_t states) { return 2 * kTile * states; }

std::int64_t scan_backward_scratch(std::int64_t tokens, std::int64_t states) {
  return 7 * tokens * kTile + (2 * tokens + 2) * kGroup * states;
}

OMNIQ_CPU_CLONES
void scan_forward(const CpuScanArguments<float>& args, const Rows<float>& y, std::int64_t begin,
                  std::int64_t end, float* scratch) {
  forward_tiles(args, y, begin, end, scratch);
}

OMNIQ_CPU_CLONES
void scan_forward(const CpuScanArguments<double>& args, const Rows<double>& y, std::int64_t begin,
                  std::int64_t end, double* scratch) {
  forward_tiles(args, y, begin, end, scratch);
}

OMNIQ_CPU_CLONES
void scan_backward(const CpuScanArguments<float>& args, const ScanGradients<float>& grads,
                   const ScanRange& range, float* scratch) {
  backward_tiles(args, grads, range, scratch);
}

OMNIQ_CPU_CLONES
void scan_backward(const CpuScanArguments<double>& args, const ScanGradients<double>& grads,
                   const ScanRange& range, double* scratch) {
  backward_tiles(args, grads, range, scratch);
}

}  // namespace omniq::kernels::detail
