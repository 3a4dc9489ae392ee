// How the forward kernel brings a tile of steps into shared memory: all of a tile's loads are under
// way at once, and may stay so while the tile before is worked on.
#pragma once

#include <algorithm>

#include "kernels/selective_scan/cuda/layout.cuh"

namespace omniq::kernels::detail {

inline constexpr int kForwardWarps = 4;
inline constexpr int kForwardThreads = kForwardWarps * 32;

/// kChannels: of a thread. Four use what is read of B and C best; with two, twice as many threads
/// work on a sequence, and it is so few that loads must not be waited for.
template <int kStates, int kChannels>
struct ForwardLayout : WarpLayout<kStates> {
  static constexpr int kWarpChannels = WarpLayout<kStates>::kGroups * kChannels;
  static constexpr int kBlockChannels = kForwardWarps * kWarpChannels;
  static_assert(kBlockChannels == scan_forward_block_channels(kStates, kChannels));
  /// Steps whose sums over states are taken together.
  static constexpr int kStepsAtOnce = kChannels == 2 ? 4 : 2;
  static constexpr bool kPrefetch = kChannels == 2;
  // Rows of shared memory for a step: B, C; exponent, Δu, y, gate.
  static constexpr int kStepFloats = 2 * kStates + 4 * kBlockChannels;
  // Six blocks then fit on a multiprocessor of compute capability 9.0.
  static constexpr int kMaxTile =
      std::min(36 * 1024 / (kStepFloats * 4), 20) / kStepsAtOnce * kStepsAtOnce;
};

/// One tile in shared memory; p.tile rows of each.
struct SharedTile {
  float *B, *C;                        // [kStates]
  float *exponent, *input, *y, *gate;  // [kBlockChannels]
};

/// Which steps: `count` of a sequence, from `first_step` of the scan on.
struct TileSteps {
  std::int64_t direction, clip, first_step;
  int count;
};

template <typename T, int kStates, int kChannels, bool kLinear, bool kStatesOnly>
class TileLoads {
 public:
  // fetch…() starts loads: rows and channels beyond the end are read from the last. place…() puts
  // what was fetched into shared memory, `padded` ≥ count rows: those beyond the end change no
  // state.

  __device__ __forceinline__ void fetch_states(const CudaScanArguments<T>& args,
                                               const TileSteps& steps, int thread) {
    const auto rows_of = [&](const auto& rows) {
      return StepRows(rows, steps.direction, steps.clip, steps.first_step, args.tokens);
    };
    const auto rows_B = rows_of(args.B), rows_C = rows_of(args.C);
    const int quad = thread % kQuads;
#pragma unroll
    for (int i = 0; i < kQuadBatch; ++i) {
      const int t = min(thread / kQuads + i * kQuadRows, steps.count - 1);
      B_[i] = reinterpret_cast<const Quad*>(rows_B.row(t))[quad];
      if constexpr (!kStatesOnly) C_[i] = reinterpret_cast<const Quad*>(rows_C.row(t))[quad];
    }
  }

  __device__ __forceinline__ void fetch_channels(const CudaScanArguments<T>& args,
                                                 const TileSteps& steps, int first_channel,
                                                 int thread) {
    const auto rows_of = [&](const auto& rows) {
      return StepRows(rows, steps.direction, steps.clip, steps.first_step, args.tokens);
    };
    const auto rows_u = rows_of(args.u), rows_delta = rows_of(args.delta);
    // Without gate or mask something else is read in their place and not used: loads under a
    // condition would be waited for here.
    const auto rows_z = rows_of(args.z.data != nullptr ? args.z : args.u);
    const auto* no_mask = reinterpret_cast<const unsigned char*>(args.u.data);
    const auto* mask = reinterpret_cast<const unsigned char*>(args.mask);
    const auto rows_mask =
        rows_of(mask != nullptr ? Rows<const unsigned char>{mask, 0, args.tokens, 1}
                                : Rows<const unsigned char>{no_mask, 0, 0, 0});
#pragma unroll
    for (int repeat = 0; repeat < Map::kRepeats; ++repeat) {
      const int channel = min(first_channel + thread % Map::kColumns + repeat * Map::kColumns,
                              static_cast<int>(args.channels) - 1);
#pragma unroll
      for (int i = 0; i < kColumnBatch; ++i) {
        const int t = min(thread / Map::kColumns + i * Map::kRows, steps.count - 1);
        u_[repeat][i] = rows_u.row(t)[channel];
        delta_[repeat][i] = rows_delta.row(t)[channel];
        if constexpr (!kStatesOnly) z_[repeat][i] = rows_z.row(t)[channel];
        live_[repeat][i] = *rows_mask.row(t);
      }
    }
  }

  __device__ __forceinline__ void place_states(int thread, int padded,
                                               const SharedTile& tile) const {
    const int quad = thread % kQuads;
    // The first four states of all lanes, then the second four: reads have no bank conflicts.
    const int quad_place = (quad & 1) * (kStates / 2) + (quad >> 1) * 4;
#pragma unroll
    for (int i = 0; i < kQuadBatch; ++i) {
      const int t = thread / kQuads + i * kQuadRows;
      if (t >= padded) break;
      *reinterpret_cast<float4*>(tile.B + t * kStates + quad_place) = B_[i].floats();
      if constexpr (!kStatesOnly) {
        *reinterpret_cast<float4*>(tile.C + t * kStates + quad_place) = C_[i].floats();
      }
    }
  }

  __device__ __forceinline__ void place_channels(const CudaScanArguments<T>& args,
                                                 const TileSteps& steps, int first_channel,
                                                 int thread, int padded,
                                                 const SharedTile& tile) const {
#pragma unroll
    for (int repeat = 0; repeat < Map::kRepeats; ++repeat) {
      const int column = thread % Map::kColumns + repeat * Map::kColumns;
      const int channel = min(first_channel + column, static_cast<int>(args.channels) - 1);
      const float bias = args.delta_bias[steps.direction * args.bias_direction + channel];
      const float skip = args.D_skip[steps.direction * args.D_direction + channel];
      float scale = 1.F;
      if constexpr (kLinear) {
        scale = -kLog2E * args.rates[steps.direction * args.rates_direction + channel];
      }
#pragma unroll
      for (int i = 0; i < kColumnBatch; ++i) {
        const int t = thread / Map::kColumns + i * Map::kRows;
        if (t >= padded) break;
        const float u = to_float(u_[repeat][i]);
        const bool live = args.mask == nullptr || live_[repeat][i] != 0;
        const float step =
            live && t < steps.count ? softplus(to_float(delta_[repeat][i]) + bias).value : 0.F;
        const int at = t * Layout::kBlockChannels + column;
        tile.exponent[at] = step * scale;
        tile.input[at] = step * u;
        if constexpr (!kStatesOnly) {
          tile.y[at] = skip * u;
          tile.gate[at] = args.z.data != nullptr ? silu(to_float(z_[repeat][i])) : 1.F;
        }
      }
    }
  }

 private:
  using Layout = ForwardLayout<kStates, kChannels>;
  using Map = TileMap<kForwardThreads, Layout::kBlockChannels>;
  static constexpr int kQuads = kStates / 4;
  static constexpr int kQuadRows = kForwardThreads / kQuads;
  static constexpr int kQuadBatch = (Layout::kMaxTile + kQuadRows - 1) / kQuadRows;
  static constexpr int kColumnBatch = (Layout::kMaxTile + Map::kRows - 1) / Map::kRows;

  struct alignas(4 * sizeof(T)) Quad {
    T values[4];
    __device__ __forceinline__ float4 floats() const { return load4(values); }
  };

  Quad B_[kQuadBatch], C_[kStatesOnly ? 1 : kQuadBatch];
  T u_[Map::kRepeats][kColumnBatch], delta_[Map::kRepeats][kColumnBatch],
      z_[Map::kRepeats][kColumnBatch];
  unsigned char live_[Map::kRepeats][kColumnBatch];
};

}  // namespace omniq::kernels::detail
