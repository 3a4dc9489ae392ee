// Gradients of attention in windows. A warp has one head and goes from window to window; it
// computes the weights again.
//
// First the queries, 16 at a time as in the forward pass: their weights P and, from those and the
// gradients of the result, the gradients of their scores, S = P ⊙ (dO Vᵀ − Σ P ⊙ dO Vᵀ). S gives
// the queries' gradients at once; both go to shared memory, rounded, from which the keys, 16 at a
// time, take them transposed: dK = Sᵀ Q, dV = Pᵀ dO. The bias's gradient is the sum of S over
// windows, which each lane keeps, for its pairs, in shared memory too.
#include <cstdint>
#include <type_traits>

#include "kernels/window_attention/cuda/launch.h"
#include "kernels/window_attention/cuda/windows.cuh"

namespace omniq::kernels::detail {
namespace {

constexpr int kBackwardWarps = 3;  // of a block: three blocks fit into an H100's shared memory

struct BackwardPlace {
  int place, part;  // as TokenPlace
  int padded;       // in the padded map
};

/// What a warp has in shared memory.
template <typename T, int kWindow>
struct BackwardScratch {
  static constexpr int kTokens = kWindow * kWindow, kKeyTiles = kKeyTilesOf<kWindow>;
  static constexpr int kWholeTiles = kTokens / 16, kLeft = kTokens % 16;  // of queries
  static_assert(kLeft <= 8);
  static constexpr int kRows = 16 * kWholeTiles + (kLeft > 0 ? 8 : 0);
  // Eight rows are in all banks once.
  static constexpr int kPitch = 8 * kKeyTiles + (kKeyTiles % 2 == 0 ? 8 : 0);

  T weights[kRows][kPitch];
  T scores[kRows][kPitch];  // their gradients
  float2 bias[2 * kWholeTiles][kKeyTiles][32];
  float2 bias_left[kKeyTiles][kLeft > 0 ? 4 * kLeft : 1];
  BackwardPlace tokens[16 * kQueryTilesOf<kWindow>];
};

/// Where a lane's row of an 8 × 8 matrix starts, of four or two that are the left operands of the
/// matrix's columns from `column` on. Columns beyond the last are that again: no one asks for them.
template <typename T, int kPitch>
__device__ __forceinline__ unsigned transposed_address(const T (*matrix)[kPitch], int row,
                                                       int column) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const T* from = &matrix[row + lane % 8][min(column + lane / 8 % 2 * 8, kPitch - 8)];
  return static_cast<unsigned>(__cvta_generic_to_shared(from));
}
/// 16 rows of a matrix from `row` on as the columns of a left operand.
template <typename T, int kPitch>
__device__ __forceinline__ void load_transposed(const T (*matrix)[kPitch], int row, int column,
                                                unsigned (&left)[4]) {
  const int lower = static_cast<int>(threadIdx.x) % 32 / 16 * 8;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(left[0]), "=r"(left[1]), "=r"(left[2]), "=r"(left[3])
               : "r"(transposed_address(matrix, row + lower, column))
               : "memory");
}
/// 8 rows.
template <typename T, int kPitch>
__device__ __forceinline__ void load_transposed(const T (*matrix)[kPitch], int row, int column,
                                                unsigned (&left)[2]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(left[0]), "=r"(left[1])
               : "r"(transposed_address(matrix, row, column))
               : "memory");
}

/// One warp's work on one head.
template <typename T, int kWindow, int kHeadWidth, bool kPadded>
class BackwardWarp {
  using Scratch = BackwardScratch<T, kWindow>;
  static constexpr int kTokens = kWindow * kWindow, kKeyTiles = kKeyTilesOf<kWindow>;
  static constexpr int kQueryTiles = kQueryTilesOf<kWindow>, kWholeTiles = Scratch::kWholeTiles;
  static constexpr int kQuarter = kHeadWidth / 4, kRegisters = kQuarter / 2;
  using Vector = Quarter<kRegisters>;

 public:
  __device__ BackwardWarp(const CudaWindowAttentionBackwardArguments<T>& arguments,
                          Scratch& of_warp, int of_head)
      : all_(arguments),
        args_(arguments.forward),
        scratch_(of_warp),
        head_(of_head),
        lane_(static_cast<int>(threadIdx.x) % 32),
        g_(lane_ / 4),
        i_(lane_ % 4),
        channels_(args_.heads * kHeadWidth),
        at_(head_ * kHeadWidth + i_ * kQuarter) {
    for (int rows = 0; rows < 2 * kWholeTiles; ++rows) {
      for (int j = 0; j < kKeyTiles; ++j) scratch_.bias[rows][j][lane_] = {};
    }
    if (g_ < Scratch::kLeft) {
      for (int j = 0; j < kKeyTiles; ++j) scratch_.bias_left[j][lane_] = {};
    }
  }

  __device__ void take(const Window<kWindow>& window) {
    const std::int64_t map = static_cast<std::int64_t>(args_.height) * args_.width;
    const std::int64_t padded = static_cast<std::int64_t>(args_.padded_height) * args_.padded_width;
    qkv_ = args_.qkv + window.frame * map * 3 * channels_ + at_;
    d_out_ = all_.d_out + window.frame * map * channels_ + at_;
    d_qkv_ = all_.d_qkv + window.frame * padded * 3 * channels_ + at_;
    __syncwarp();  // no lane is at the last window any more
    for (int token = lane_; token < 16 * kQueryTiles; token += 32) {
      const int existing = min(token, kTokens - 1);
      scratch_.tokens[token] = {window.template place<kPadded>(existing), window.part(existing),
                                window.padded_place(existing)};
    }
    __syncwarp();
    const float keep = args_.keep == nullptr ? 1.F : args_.keep[window.frame];
    queries(window.is_split(), keep);
    __syncwarp();
    keys();
  }

  /// This warp's share of the bias's gradient: [window², window²].
  __device__ void store_bias(float* to) const {
#pragma unroll
    for (int j = 0; j < kKeyTiles; ++j) {
      const int key = 8 * j + 2 * i_;
      const auto store = [&](int query, const float2& sum) {
        if (key < kTokens) to[query * kTokens + key] = sum.x;
        if (key + 1 < kTokens) to[query * kTokens + key + 1] = sum.y;
      };
      for (int rows = 0; rows < 2 * kWholeTiles; ++rows) {
        store(8 * rows + g_, scratch_.bias[rows][j][lane_]);
      }
      if (g_ < Scratch::kLeft) store(16 * kWholeTiles + g_, scratch_.bias_left[j][lane_]);
    }
  }

 private:
  /// The lane's quarter of a token's query (`part` 0), key (1) or value (2).
  template <int kPart>
  __device__ Vector load(int token) const {
    const int place = scratch_.tokens[token].place;
    if (kPadded && place < 0) {
      return *reinterpret_cast<const Vector*>(args_.padding + at_ + kPart * channels_);
    }
    return row(qkv_ + kPart * channels_, place, 3 * channels_);
  }
  __device__ Vector load_gradient(int token) const {
    const int place = scratch_.tokens[token].place;
    return kPadded && place < 0 ? Vector{} : row(d_out_, place, channels_);
  }
  template <typename Element>
  __device__ static auto& row(Element* map, int place, int length) {
    using Result = std::conditional_t<std::is_const_v<Element>, const Vector, Vector>;
    return *reinterpret_cast<Result*>(map +
                                      static_cast<std::uint64_t>(static_cast<unsigned>(place)) *
                                          static_cast<unsigned>(length));
  }
  /// The lane's quarter of a token's result times `scale`.
  template <int kPart>
  __device__ void store(int token, const float (&result)[kRegisters][4], int half,
                        float scale) const {
    if (token >= kTokens) return;
    Vector out;
#pragma unroll
    for (int r = 0; r < kRegisters; ++r) {
      out.pairs[r] = pack_half<T>(result[r][2 * half] * scale, result[r][2 * half + 1] * scale);
    }
    row(d_qkv_ + kPart * channels_, scratch_.tokens[token].padded, 3 * channels_) = out;
  }

  __device__ void queries(bool is_split, float keep) {
    Vector keys[kKeyTiles], values[kKeyTiles];
#pragma unroll
    for (int j = 0; j < kKeyTiles; ++j) keys[j] = load<1>(8 * j + g_);
#pragma unroll
    for (int j = 0; j < kKeyTiles; ++j) values[j] = load<2>(8 * j + g_);

    const float scale = kLog2E * rsqrtf(static_cast<float>(kHeadWidth));
    const float masked = -100.F * kLog2E / scale;
#pragma unroll 1
    for (int tile = 0; tile < kQueryTiles; ++tile) {
      const Vector query[2] = {load<0>(16 * tile + g_), load<0>(16 * tile + g_ + 8)};
      const Vector d_out[2] = {load_gradient(16 * tile + g_), load_gradient(16 * tile + g_ + 8)};
      const auto* bias = reinterpret_cast<const uint2*>(args_.bias) +
                         (head_ * kQueryTiles + tile) * kKeyTiles * 32 + lane_;
      // Times √d, from the bias on; then their gradients. And the gradients of weights.
      float scores[kKeyTiles][4], d_weights[kKeyTiles][4] = {};
#pragma unroll
      for (int j = 0; j < kKeyTiles; ++j) {
        start_from_bias(scores[j], bias + j * 32);
        multiply_tokens<T>(scores[j], query, keys[j]);
        multiply_tokens<T>(d_weights[j], d_out, values[j]);
      }
      if (is_split) mask_parts<kWindow>(scores, scratch_.tokens, 16 * tile, masked, g_, i_);

      unsigned d_scores[kKeyTiles][2] = {};
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        if (Scratch::kLeft > 0 && half > 0 && tile == kWholeTiles) continue;  // no such queries
        const float most = scale * largest_of_row<kWindow>(scores, half);
        float sum = 0.F, product = 0.F;
#pragma unroll
        for (int j = 0; j < kKeyTiles; ++j) {
#pragma unroll
          for (int e = 2 * half; e < 2 * half + 2; ++e) {
            scores[j][e] = fast_exp2(fmaf(scores[j][e], scale, -most));
            sum += scores[j][e];
            product = fmaf(scores[j][e], d_weights[j][e], product);
          }
        }
        const float inverse = fast_reciprocal(sum_of_row(sum));
        const float mean = inverse * sum_of_row(product);
        // Queries beyond the window have no weights.
        const int token = 16 * tile + 8 * half + g_;
        const float factor = token < kTokens ? inverse * keep : 0.F;
        T* to_weights = &scratch_.weights[token][2 * i_];
        T* to_scores = &scratch_.scores[token][2 * i_];
#pragma unroll
        for (int j = 0; j < kKeyTiles; ++j) {
          const float first = scores[j][2 * half] * factor;
          const float second = scores[j][2 * half + 1] * factor;
          scores[j][2 * half] = first * (d_weights[j][2 * half] - mean);
          scores[j][2 * half + 1] = second * (d_weights[j][2 * half + 1] - mean);
          d_scores[j][half] = pack_half<T>(scores[j][2 * half], scores[j][2 * half + 1]);
          *reinterpret_cast<unsigned*>(to_weights + 8 * j) = pack_half<T>(first, second);
          *reinterpret_cast<unsigned*>(to_scores + 8 * j) = d_scores[j][half];
        }
        add_bias(tile, half, scores);
      }
      float d_query[kRegisters][4] = {};
#pragma unroll
      for (int j = 0; j < kKeyTiles; j += 2) {
        const bool both = j + 1 < kKeyTiles;
        const int next = both ? j + 1 : j;
        // Transposed anew for every 16 queries: there are no registers to keep them in.
        const Vector of_keys = keys[j].transposed();
        const Vector of_next = both ? keys[next].transposed() : Vector{};
#pragma unroll
        for (int r = 0; r < kRegisters; ++r) {
          multiply_half<T>(d_query[r],
                           {d_scores[j][0], d_scores[j][1], both ? d_scores[next][0] : 0U,
                            both ? d_scores[next][1] : 0U},
                           {of_keys.pairs[r], of_next.pairs[r]});
        }
      }
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        store<0>(16 * tile + 8 * half + g_, d_query, half, rsqrtf(static_cast<float>(kHeadWidth)));
      }
    }
  }

  __device__ void keys() const {
    Vector queries[kKeyTiles], d_out[kKeyTiles];  // eight each, as right operands
#pragma unroll
    for (int j = 0; j < kKeyTiles; ++j) queries[j] = load<0>(8 * j + g_);
#pragma unroll
    for (int j = 0; j < kKeyTiles; ++j) d_out[j] = load_gradient(8 * j + g_);
#pragma unroll
    for (int j = 0; j < kKeyTiles; ++j) {
      queries[j] = queries[j].transposed();
      d_out[j] = d_out[j].transposed();
    }
#pragma unroll 1
    for (int tile = 0; tile < kQueryTiles; ++tile) {
      float d_key[kRegisters][4] = {}, d_value[kRegisters][4] = {};
#pragma unroll
      for (int s = 0; s < kWholeTiles; ++s) {
        unsigned weights[4], scores[4];
        load_transposed(scratch_.weights, 16 * s, 16 * tile, weights);
        load_transposed(scratch_.scores, 16 * s, 16 * tile, scores);
#pragma unroll
        for (int r = 0; r < kRegisters; ++r) {
          multiply_half<T>(d_value[r], weights, {d_out[2 * s].pairs[r], d_out[2 * s + 1].pairs[r]});
          multiply_half<T>(d_key[r], scores,
                           {queries[2 * s].pairs[r], queries[2 * s + 1].pairs[r]});
        }
      }
      if constexpr (Scratch::kLeft > 0) {
        unsigned weights[2], scores[2];
        load_transposed(scratch_.weights, 16 * kWholeTiles, 16 * tile, weights);
        load_transposed(scratch_.scores, 16 * kWholeTiles, 16 * tile, scores);
#pragma unroll
        for (int r = 0; r < kRegisters; ++r) {
          multiply_half<T>(d_value[r], weights, d_out[2 * kWholeTiles].pairs[r]);
          multiply_half<T>(d_key[r], scores, queries[2 * kWholeTiles].pairs[r]);
        }
      }
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int token = 16 * tile + 8 * half + g_;
        store<1>(token, d_key, half, rsqrtf(static_cast<float>(kHeadWidth)));
        store<2>(token, d_value, half, 1.F);
      }
    }
  }

  /// Rows 8 · half + g of a tile.
  __device__ void add_bias(int tile, int half, const float (&d_scores)[kKeyTiles][4]) {
    const auto add = [&](auto& sums) {
#pragma unroll
      for (int j = 0; j < kKeyTiles; ++j) {
        float2& sum = sums[j][lane_];
        sum = {sum.x + d_scores[j][2 * half], sum.y + d_scores[j][2 * half + 1]};
      }
    };
    if (tile < kWholeTiles) {
      add(scratch_.bias[2 * tile + half]);
    } else if (g_ < Scratch::kLeft) {
      add(scratch_.bias_left);
    }
  }

  const CudaWindowAttentionBackwardArguments<T>& all_;
  const CudaWindowAttentionArguments<T>& args_;
  Scratch& scratch_;
  int head_, lane_, g_, i_, channels_, at_;
  const T* qkv_ = nullptr;
  const T* d_out_ = nullptr;
  T* d_qkv_ = nullptr;
};

template <typename T, int kWindow, int kHeadWidth, bool kPadded>
__global__ void __launch_bounds__(32 * kBackwardWarps, 3)
    window_attention_backward_kernel(const CudaWindowAttentionBackwardArguments<T> args) {
  using Scratch = BackwardScratch<T, kWindow>;
  extern __shared__ __align__(16) unsigned char shared[];
  const WindowAttentionShape& shape = args.forward;
  const unsigned warp = blockIdx.x * kBackwardWarps + threadIdx.x / 32;
  const unsigned heads = shape.heads, parts = args.parts;
  const unsigned part = warp / heads, head = warp % heads;
  if (part >= parts) return;
  const unsigned windows = static_cast<unsigned>(shape.frames) * (shape.padded_height / kWindow) *
                           (shape.padded_width / kWindow);
  BackwardWarp<T, kWindow, kHeadWidth, kPadded> of_warp(
      args, reinterpret_cast<Scratch*>(shared)[threadIdx.x / 32], static_cast<int>(head));
  for (unsigned index = part; index < windows; index += parts) {
    of_warp.take(Window<kWindow>(shape, index));
  }
  constexpr int kPairs = kWindow * kWindow * kWindow * kWindow;
  of_warp.store_bias(args.d_bias + static_cast<std::int64_t>(warp) * kPairs);
}

}  // namespace
}  // namespace omniq::kernels::detail
