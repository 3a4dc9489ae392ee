// The backward kernel of the scan.
//
// A block walks one sequence from its last chunk to its first, and in each chunk works on some
// blocks of channels in turn. The states are not kept by forward: a chunk runs forward once, with a
// checkpoint in shared memory every few steps (a tile), and then tile by tile from the last:
// forward again with all states in registers, and back. With g the gradient of a state, x_t = Δ_t
// u_t and w_t the gradient of y_t before the gate:
//
//   g_t = w_t C_t + a_{t+1} g_{t+1}      carried: a_t g_t
//   dC_t += w_t h_t,  dB_t += x_t g_t    summed over channels
//   dx_t = g_t · B_t                     summed over states
//   dΔ_t = Σ a_t g_t h_{t−1} A,          dA += a_t g_t h_{t−1} Δ_t
//
// The sums over channels are taken in a fixed order: in the thread, the warp, over the block's
// warps through shared memory, over the blocks of channels it works on, and last over the blocks of
// a sequence (scan_sum_shares). No atomics, and results repeat bit for bit.
#include <algorithm>

#include "kernels/selective_scan/cuda/layout.cuh"

namespace omniq::kernels::detail {

inline constexpr int kBackwardWarps = 8;
inline constexpr int kBackwardThreads = kBackwardWarps * 32;
inline constexpr int kBackwardChannels = 2;  // of a thread
inline constexpr int kTileSteps = 6;
inline constexpr int kMaxChunkTiles = 6;

template <int kStates>
struct BackwardLayout : WarpLayout<kStates> {
  static constexpr int kWarpChannels = WarpLayout<kStates>::kGroups * kBackwardChannels;
  static constexpr int kBlockChannels = kBackwardWarps * kWarpChannels;
  // Steps whose shares of dB and dC are summed over the warps together.
  static constexpr int kSumSteps = kStates <= 128 ? kTileSteps : kTileSteps / 2;
  static constexpr int kCheckpointFloats = kBackwardThreads * kBackwardChannels * kLaneStates;

  // Shared memory, in floats: checkpoints; shares of warps; their sums; Δ, x, w, dΔ; partial sums
  // of dD and d bias.
  __host__ __device__ static constexpr int floats(int tiles) {
    return (tiles - 1) * kCheckpointFloats + kSumSteps * kBackwardWarps * 2 * kStates +
           tiles * kTileSteps * (2 * kStates + 6 * kBlockChannels) + 2 * kBackwardThreads;
  }
};

template <typename T>
struct BackwardParameters {
  CudaScanArguments<T> args;
  CudaScanGradients<T> grads;
  int tiles, chunks, sharing_blocks, channel_blocks;
};

template <typename T, int kStates, bool kLinear>
__global__ void __launch_bounds__(kBackwardThreads, 1)
    scan_backward_kernel(const BackwardParameters<T> p) {
  using Layout = BackwardLayout<kStates>;
  constexpr int kGroupLanes = Layout::kGroupLanes;
  constexpr int kBlockChannels = Layout::kBlockChannels;
  constexpr int kChannels = kBackwardChannels;
  constexpr int kSumSteps = Layout::kSumSteps;
  constexpr int kRowFloats = 2 * kStates;  // dB and dC of a step
  using Map = TileMap<kBackwardThreads, kBlockChannels>;
  static_assert(Map::kRepeats == 1);
  const int chunk_length = p.tiles * kTileSteps;
  extern __shared__ float4 shared_memory[];
  float4* const checkpoints = shared_memory;
  float* const shares =
      reinterpret_cast<float*>(shared_memory) + (p.tiles - 1) * Layout::kCheckpointFloats;
  float* const sums = shares + kSumSteps * kBackwardWarps * kRowFloats;
  float* const shared_step = sums + chunk_length * kRowFloats;
  float* const shared_input = shared_step + chunk_length * kBlockChannels;  // later dx
  float* const shared_w = shared_input + chunk_length * kBlockChannels;
  float* const shared_dstep = shared_w + chunk_length * kBlockChannels;
  float* const shared_u = shared_dstep + chunk_length * kBlockChannels;
  float* const shared_slope = shared_u + chunk_length * kBlockChannels;
  float* const partial = shared_slope + chunk_length * kBlockChannels;

  const CudaScanArguments<T>& args = p.args;
  const CudaScanGradients<T>& grads = p.grads;
  const int sharer = static_cast<int>(blockIdx.x % p.sharing_blocks);
  const std::int64_t sequence = blockIdx.x / p.sharing_blocks;
  const std::int64_t clip = sequence % args.clips;
  const std::int64_t direction = sequence / args.clips;
  const int channels = static_cast<int>(args.channels);

  const int thread = static_cast<int>(threadIdx.x);
  const int warp = thread / 32, lane = thread % 32;
  const int in_group = lane % kGroupLanes;
  const int thread_channel = warp * Layout::kWarpChannels + lane / kGroupLanes * kChannels;
  const float first_power = static_cast<float>(in_group * kLaneStates + 1);

  // Of [directions, clips, channels, states].
  const auto state_place = [&](int channel) {
    return (sequence * channels + channel) * kStates + in_group * kLaneStates;
  };
  const auto store8 = [](float* to, const float(&x)[kLaneStates]) {
    reinterpret_cast<float4*>(to)[0] = {x[0], x[1], x[2], x[3]};
    reinterpret_cast<float4*>(to)[1] = {x[4], x[5], x[6], x[7]};
  };

  for (int chunk = p.chunks - 1; chunk >= 0; --chunk) {
    const std::int64_t chunk_begin = static_cast<std::int64_t>(chunk) * chunk_length;
    const int steps =
        static_cast<int>(min(static_cast<std::int64_t>(chunk_length), args.tokens - chunk_begin));
    const int tiles = (steps + kTileSteps - 1) / kTileSteps;
    const auto rows_of = [&](const auto& rows) {
      return StepRows(rows, direction, clip, chunk_begin, args.tokens);
    };
    const auto rows_B = rows_of(args.B), rows_C = rows_of(args.C);

    for (int block = sharer; block < p.channel_blocks; block += p.sharing_blocks) {
      const int first_channel = block * kBlockChannels;
      const int column = thread % Map::kColumns, channel = first_channel + column;
      __syncthreads();  // the shared memory of the block of channels before is done with
      {
        const auto rows_u = rows_of(args.u), rows_delta = rows_of(args.delta),
                   rows_z = rows_of(args.z);
        const auto rows_dy = rows_of(grads.y), rows_ungated = rows_of(grads.ungated);
        const auto rows_dz = rows_of(grads.z);
        const auto rows_mask = rows_of(Rows<const unsigned char>{
            reinterpret_cast<const unsigned char*>(args.mask), 0, args.tokens, 1});
        const int read = min(channel, channels - 1);  // what does not exist is not stored
        const float bias = args.delta_bias[direction * args.bias_direction + read];
        for (int t0 = thread / Map::kColumns; t0 < tiles * kTileSteps; t0 += Map::kRows * kBatch) {
          float u[kBatch], delta[kBatch], z[kBatch], dy[kBatch], ungated[kBatch];
          unsigned char live[kBatch];
#pragma unroll
          for (int i = 0; i < kBatch; ++i) {
            const int t = min(t0 + i * Map::kRows, steps - 1);
            u[i] = to_float(rows_u.row(t)[read]);
            delta[i] = to_float(rows_delta.row(t)[read]);
            dy[i] = to_float(rows_dy.row(t)[read]);
            z[i] = ungated[i] = 0.F;
            if (args.z.data != nullptr) {
              z[i] = to_float(rows_z.row(t)[read]);
              ungated[i] = to_float(rows_ungated.row(t)[read]);
            }
            if (args.mask != nullptr) live[i] = *rows_mask.row(t);
          }
#pragma unroll
          for (int i = 0; i < kBatch; ++i) {
            const int t = t0 + i * Map::kRows;
            if (t >= tiles * kTileSteps) break;
            const bool exists = t < steps && channel < channels;
            const Softplus step = softplus(delta[i] + bias);
            const bool moves = exists && (args.mask == nullptr || live[i] != 0);
            float w = dy[i];
            if (args.z.data != nullptr) {
              const float s = sigmoid(z[i]);
              w *= z[i] * s;
              if (exists) {
                const float dz = dy[i] * ungated[i] * s * (1.F + z[i] * (1.F - s));
                rows_dz.row(t)[channel] = from_float<T>(dz);
              }
            }
            const int at = t * kBlockChannels + column;
            shared_step[at] = moves ? step.value : 0.F;
            shared_slope[at] = moves ? step.slope : 0.F;
            shared_input[at] = moves ? step.value * u[i] : 0.F;
            shared_u[at] = u[i];
            shared_w[at] = exists ? w : 0.F;
          }
        }
      }

      float h[kChannels][kLaneStates], carry[kChannels][kLaneStates], dA[kChannels][kLaneStates];
      float rates[kChannels][kLinear ? 1 : kLaneStates];  // times log2(e)
      float rate[kChannels];                              // the linear one, as it is
      const auto load_start = [&] {
#pragma unroll
        for (int k = 0; k < kChannels; ++k) {
          const int channel = first_channel + thread_channel + k;
#pragma unroll
          for (int j = 0; j < kLaneStates; ++j) h[k][j] = 0.F;
          if (grads.starts == nullptr || channel >= channels) continue;
          load8(grads.starts + ((sequence * p.chunks + chunk) * channels + channel) * kStates +
                    in_group * kLaneStates,
                h[k]);
        }
      };
      load_start();
      const bool last_chunk = chunk == p.chunks - 1;
#pragma unroll
      for (int k = 0; k < kChannels; ++k) {
        const int channel = first_channel + thread_channel + k;
        const bool exists = channel < channels;
#pragma unroll
        for (int j = 0; j < kLaneStates; ++j) carry[k][j] = dA[k][j] = 0.F;
        if (!last_chunk && exists) load8(grads.carry + state_place(channel), carry[k]);
        rate[k] = 0.F;
        if constexpr (kLinear) {
          if (exists) rate[k] = args.rates[direction * args.rates_direction + channel];
        } else {
          if (!last_chunk && exists && grads.A != nullptr) {
            load8(grads.A + state_place(channel), dA[k]);
          }
          const float* A = args.A + direction * args.A_direction +
                           static_cast<std::int64_t>(channel) * kStates + in_group * kLaneStates;
#pragma unroll
          for (int j = 0; j < kLaneStates; ++j) rates[k][j] = exists ? A[j] * kLog2E : 0.F;
        }
      }
      __syncthreads();

      const auto decays_at = [&](int k, float step, float(&out)[kLaneStates]) {
        decays<kLinear>(kLinear ? step * (-kLog2E * rate[k]) : step, rates[k], first_power, out);
      };
      const auto advance = [&](int i) {
        float B[kLaneStates];
        load8(rows_B.row(min(i, steps - 1)) + in_group * kLaneStates, B);
        const int at = i * kBlockChannels + thread_channel;
#pragma unroll
        for (int k = 0; k < kChannels; ++k) {
          const float input = shared_input[at + k];
          float decay[kLaneStates];
          decays_at(k, shared_step[at + k], decay);
#pragma unroll
          for (int j = 0; j < kLaneStates; ++j) h[k][j] = fmaf(decay[j], h[k][j], input * B[j]);
        }
      };
      // A thread reads back what itself wrote, so no barrier is needed. Layout: neighbouring lanes
      // side by side.
      const auto checkpoint = [&](int tile, int quad) -> float4& {
        return checkpoints[(tile * (Layout::kCheckpointFloats / kBackwardThreads / 4) + quad) *
                               kBackwardThreads +
                           thread];
      };
#pragma unroll 1
      for (int tile = 0; tile + 1 < tiles; ++tile) {
#pragma unroll
        for (int s = 0; s < kTileSteps; ++s) advance(tile * kTileSteps + s);
#pragma unroll
        for (int k = 0; k < kChannels; ++k) {
          checkpoint(tile, 2 * k) = {h[k][0], h[k][1], h[k][2], h[k][3]};
          checkpoint(tile, 2 * k + 1) = {h[k][4], h[k][5], h[k][6], h[k][7]};
        }
      }

#pragma unroll 1
      for (int tile = tiles - 1; tile >= 0; --tile) {
        if (tile == 0) {
          load_start();
        } else {
#pragma unroll
          for (int k = 0; k < kChannels; ++k) {
            const float4 low = checkpoint(tile - 1, 2 * k), high = checkpoint(tile - 1, 2 * k + 1);
            h[k][0] = low.x, h[k][1] = low.y, h[k][2] = low.z, h[k][3] = low.w;
            h[k][4] = high.x, h[k][5] = high.y, h[k][6] = high.z, h[k][7] = high.w;
          }
        }
        float before[kTileSteps][kChannels][kLaneStates];  // the state before each step
#pragma unroll
        for (int s = 0; s < kTileSteps; ++s) {
#pragma unroll
          for (int k = 0; k < kChannels; ++k) {
#pragma unroll
            for (int j = 0; j < kLaneStates; ++j) before[s][k][j] = h[k][j];
          }
          advance(tile * kTileSteps + s);
        }
#pragma unroll
        for (int s = kTileSteps - 1; s >= 0; --s) {
          const int i = tile * kTileSteps + s;
          const int at = i * kBlockChannels + thread_channel;
          float B[kLaneStates], C[kLaneStates], dB[kLaneStates], dC[kLaneStates];
          load8(rows_B.row(min(i, steps - 1)) + in_group * kLaneStates, B);
          load8(rows_C.row(min(i, steps - 1)) + in_group * kLaneStates, C);
#pragma unroll
          for (int j = 0; j < kLaneStates; ++j) dB[j] = dC[j] = 0.F;
          float over_states[4];  // dx of the two channels, then Σ a g h A
#pragma unroll
          for (int k = 0; k < kChannels; ++k) {
            const float step = shared_step[at + k], input = shared_input[at + k];
            const float w = shared_w[at + k];
            float decay[kLaneStates];
            decays_at(k, step, decay);
            float dx = 0.F, dstep = 0.F;
#pragma unroll
            for (int j = 0; j < kLaneStates; ++j) {
              const float after =
                  s + 1 < kTileSteps ? before[min(s + 1, kTileSteps - 1)][k][j] : h[k][j];
              const float g = fmaf(w, C[j], carry[k][j]);
              dC[j] = fmaf(w, after, dC[j]);
              dB[j] = fmaf(input, g, dB[j]);
              dx = fmaf(g, B[j], dx);
              carry[k][j] = decay[j] * g;
              const float through = carry[k][j] * before[s][k][j];
              if constexpr (kLinear) {
                dstep = fmaf(through, first_power + static_cast<float>(j), dstep);
              } else {
                dstep = fmaf(through, rates[k][j], dstep);
                dA[k][j] = fmaf(through, step, dA[k][j]);
              }
            }
            over_states[k] = dx;
            over_states[kChannels + k] = dstep * (kLinear ? -rate[k] : 1.F / kLog2E);
          }
          // Every lane of the warp has read this step's input (the shuffles wait for them) before
          // it is replaced by its gradient.
          __syncwarp();
          sum_over_group<kGroupLanes>(over_states, lane, [&](int index, float sum) {
            float* to = index < kChannels ? shared_input : shared_dstep;
            to[at + index % kChannels] = sum;
          });

          float* const share = shares + ((s % kSumSteps) * kBackwardWarps + warp) * kRowFloats +
                               in_group * kLaneStates;
          if constexpr (kGroupLanes == 32) {
            store8(share, dB);
            store8(share + kStates, dC);
          } else {
            // Half of the warp goes on with dB, half with dC.
            const bool upper = lane >= 16;
            float kept[kLaneStates];
#pragma unroll
            for (int j = 0; j < kLaneStates; ++j) {
              const float sent = upper ? dB[j] : dC[j];
              kept[j] = (upper ? dC[j] : dB[j]) + __shfl_xor_sync(kFullWarp, sent, 16);
#pragma unroll
              for (int lanes = 8; lanes >= kGroupLanes; lanes /= 2) {
                kept[j] += __shfl_xor_sync(kFullWarp, kept[j], lanes);
              }
            }
            if (lane % 16 < kGroupLanes) store8(share + (upper ? kStates : 0), kept);
          }

          if (s % kSumSteps == 0) {  // the shares are full
            __syncthreads();
            for (int e = thread; e < kSumSteps * kRowFloats; e += kBackwardThreads) {
              const int to = s + e / kRowFloats, column = e % kRowFloats;
              float sum = 0.F;
#pragma unroll
              for (int other = 0; other < kBackwardWarps; ++other) {
                sum += shares[(e / kRowFloats * kBackwardWarps + other) * kRowFloats + column];
              }
              float& total = sums[(tile * kTileSteps + to) * kRowFloats + column];
              total = block == sharer ? sum : total + sum;
            }
            __syncthreads();
          }
        }
      }

#pragma unroll
      for (int k = 0; k < kChannels; ++k) {
        const int channel = first_channel + thread_channel + k;
        if (channel >= channels) continue;
        if (chunk > 0) store8(grads.carry + state_place(channel), carry[k]);
        if constexpr (!kLinear) {
          if (grads.A != nullptr) store8(grads.A + state_place(channel), dA[k]);
        }
      }

      // What belongs to a token and channel. The barrier after the last shares also ended all
      // writing of shared_input and shared_dstep.
      float dD = 0.F, dbias = 0.F;
      if (channel < channels) {
        const auto rows_du = rows_of(grads.u), rows_ddelta = rows_of(grads.delta);
        const float skip = args.D_skip[direction * args.D_direction + channel];
#pragma unroll 4
        for (int t = thread / Map::kColumns; t < steps; t += Map::kRows) {
          const int at = t * kBlockChannels + column;
          const float u = shared_u[at], w = shared_w[at], dx = shared_input[at];
          const float ddelta = fmaf(dx, u, shared_dstep[at]) * shared_slope[at];
          rows_du.row(t)[channel] = from_float<T>(fmaf(dx, shared_step[at], w * skip));
          rows_ddelta.row(t)[channel] = from_float<T>(ddelta);
          dbias += ddelta;
          dD = fmaf(w, u, dD);
        }
      }
      partial[thread] = dD;
      partial[kBackwardThreads + thread] = dbias;
      __syncthreads();
      if (thread < kBlockChannels && channel < channels) {
        dD = dbias = 0.F;
        for (int r = 0; r < Map::kRows; ++r) {
          dD += partial[r * kBlockChannels + thread];
          dbias += partial[kBackwardThreads + r * kBlockChannels + thread];
        }
        float* const to_D = grads.D_skip + sequence * channels + channel;
        float* const to_bias = grads.delta_bias + sequence * channels + channel;
        *to_D = last_chunk ? dD : *to_D + dD;
        *to_bias = last_chunk ? dbias : *to_bias + dbias;
      }
    }

    // The barriers since the last sums were taken make them visible to all.
    const std::int64_t share = sharer * args.directions * args.clips + sequence;
    const Rows<float> rows_of_share{grads.shares + share * args.tokens * kRowFloats, 0, 0,
                                    kRowFloats};
    const StepRows<float> rows_share(rows_of_share, direction, 0, chunk_begin, args.tokens);
    for (int e = thread; e < steps * kRowFloats; e += kBackwardThreads) {
      rows_share.row(e / kRowFloats)[e % kRowFloats] = sums[e];
    }
  }
}

template <int kStates>
ScanBackwardPlan plan_backward(std::int64_t sequences, std::int64_t tokens, std::int64_t channels,
                               int shared_bytes_per_block, int multiprocessors) {
  using Layout = BackwardLayout<kStates>;
  const auto bytes = [](int tiles) {
    return static_cast<std::int64_t>(sizeof(float)) * Layout::floats(tiles);
  };
  int tiles = static_cast<int>(
      std::min<std::int64_t>(kMaxChunkTiles, (tokens + kTileSteps - 1) / kTileSteps));
  while (tiles > 1 && bytes(tiles) > shared_bytes_per_block) --tiles;
  ScanBackwardPlan plan{};
  plan.chunks.length = static_cast<std::int64_t>(tiles) * kTileSteps;
  plan.chunks.count = (tokens + plan.chunks.length - 1) / plan.chunks.length;
  plan.shared_bytes = bytes(tiles);
  const std::int64_t blocks = (channels + Layout::kBlockChannels - 1) / Layout::kBlockChannels;
  plan.sharing_blocks =
      std::clamp<std::int64_t>(multiprocessors / std::max<std::int64_t>(1, sequences), 1, blocks);
  // No more blocks than it takes for the same number of turns.
  const std::int64_t turns = (blocks + plan.sharing_blocks - 1) / plan.sharing_blocks;
  plan.sharing_blocks = (blocks + turns - 1) / turns;
  return plan;
}

template <typename T>
ScanBackwardPlan plan_scan_backward(const CudaScanArguments<T>& args, int shared_bytes_per_block,
                                    int multiprocessors) {
  ScanBackwardPlan plan{};
  with_constant<16, 32, 64, 128, 256>(args.states, [&](auto states) {
    plan = plan_backward<states>(args.directions * args.clips, args.tokens, args.channels,
                                 shared_bytes_per_block, multiprocessors);
    return cudaSuccess;
  });
  return plan;
}

template <typename T>
cudaError_t scan_backward(const CudaScanArguments<T>& args, const CudaScanGradients<T>& grads,
                          const ScanBackwardPlan& plan, cudaStream_t stream) {
  BackwardParameters<T> p{};
  p.args = args;
  p.grads = grads;
  p.tiles = static_cast<int>(plan.chunks.length / kTileSteps);
  p.chunks = static_cast<int>(plan.chunks.count);
  p.sharing_blocks = static_cast<int>(plan.sharing_blocks);
  return with_constant<16, 32, 64, 128, 256>(args.states, [&](auto states) {
    constexpr std::int64_t kBlockChannels = BackwardLayout<states>::kBlockChannels;
    p.channel_blocks = static_cast<int>((args.channels + kBlockChannels - 1) / kBlockChannels);
    return launch_with_shared(args.rates != nullptr ? scan_backward_kernel<T, states, true>
                                                    : scan_backward_kernel<T, states, false>,
                              args.directions * args.clips * p.sharing_blocks, kBackwardThreads,
                              plan.shared_bytes, stream, p);
  });
}

using Element = OMNIQ_ELEMENT;
template ScanBackwardPlan plan_scan_backward(const CudaScanArguments<Element>&, int, int);
template cudaError_t scan_backward(const CudaScanArguments<Element>&,
                                   const CudaScanGradients<Element>&, const ScanBackwardPlan&,
                                   cudaStream_t);

}  // namespace omniq::kernels::detail
