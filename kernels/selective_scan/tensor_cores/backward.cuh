// The backward kernel of the scan on tensor cores, for linear rates that need no gradient.
//
// With w the gradient of y before the gate, g of a state, and λ what later tokens give to the state
// at the end of an octet, which a warp carries from octet to octet as forward does h:
//
//   du'_j = Σ_k x_j^m_k (λ · (φ_k ⊙ B_j)) + Σ_k Σ_i x_ij^m_k w_i (C_i · (φ_k ⊙ B_j))    i ≥ j
//   dC_i  = Σ_e w_i h_i,  dB_j = Σ_e u'_j g_j:
//           from other octets Σ_k φ_k ⊙ Σ_e (w_i x_i^m_k) h, and the same of u' and λ; from this
//           one by what tokens have to do with each other, P_ij[k] = Σ_e w_i x_ij^m_k u'_j, which
//           scan_products_sum_kernel makes the rest of, once for all channels.
//   λ    <- x^n λ + Σ_k Σ_i (x_i^m_k w_i) (φ_k ⊙ C_i)
//
// The gradient of a token's exponent is the sum, over all pairs of tokens that it lies between (or
// is the later of), of n x^n w C u' B. Each pair is counted where it crosses: those of two other
// octets as Σ_n n h x^n λ, those with one token in this octet in its row, and those inside it at a
// boundary that separates them: between two groups of four tokens, of two, or of one. So no sum is
// ever the difference of larger ones, which bfloat16 would not carry, and no decay exceeds 1.
#pragma once

#include "kernels/selective_scan/tensor_cores/backward_stage.cuh"
#include "kernels/selective_scan/tensor_cores/pairs.cuh"
#include "kernels/selective_scan/tensor_cores/states.cuh"

namespace omniq::kernels::detail {

/// Sums over tokens of an octet before each, or with kBack from each one on.
template <bool kBack>
__device__ __forceinline__ void add_running_sums(const LaneTokens& x, LaneTokens& to, int lane) {
  const int column = kBack ? 3 - lane % 4 : lane % 4;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float own = x[half][0] + x[half][1];
    float up_to = own;
#pragma unroll
    for (int distance = 1; distance < 4; distance *= 2) {
      const float other = kBack ? __shfl_down_sync(kFullWarp, up_to, distance, 4)
                                : __shfl_up_sync(kFullWarp, up_to, distance, 4);
      if (column >= distance) up_to += other;
    }
    const float others = up_to - own;
    to[half][0] += kBack ? up_to : others;
    to[half][1] += others + x[half][kBack ? 1 : 0];
  }
}

/// x as the sum of two bfloat16 numbers, in one word.
__device__ __forceinline__ unsigned split(float x) {
  const float high = to_float(from_float<__nv_bfloat16>(x));
  return pack_bf16(high, x - high);
}

/// Σ_k x^m_k (states · operands_k), plain and times m_k, for states as left operands by block.
template <int kStates, typename Decay, typename States, int kItems>
__device__ __forceinline__ void read_states(LaneTokens& plain, LaneTokens& weighted,
                                            const Decay& decay, const States& states,
                                            const uint4 (&operands)[kItems][32], int lane) {
  constexpr int kBlocks = kStates / kBlockStates;
  NodePowers<4> powers(decay);
  float sums[kPowerNodes][4];
  clear(sums);
#pragma unroll
  for (int block = 0; block < kBlocks; ++block) {
    unsigned packed[4];
    states(block, packed);
#pragma unroll
    for (int pair = first_pair(block); pair < first_pair(block) + pairs_of(block); ++pair) {
      const uint4 operand = operands[power_item(block, pair)][lane];
      multiply_half<__nv_bfloat16>(sums[2 * pair], packed, {operand.x, operand.y});
      multiply_half<__nv_bfloat16>(sums[2 * pair + 1], packed, {operand.z, operand.w});
    }
    // The pairs of nodes that no later block needs.
#pragma unroll
    for (int pair = 0; pair < kPowerPairs; ++pair) {
      if (end_block(pair, kBlocks) != block + 1) continue;
      powers.find_pair(pair);
#pragma unroll
      for (int k = 2 * pair; k < 2 * pair + 2; ++k) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const float value = powers.of[k][e] * sums[k][e];
          plain[e / 2][e % 2] += value;
          weighted[e / 2][e % 2] =
              fmaf(static_cast<float>(power_node(k)), value, weighted[e / 2][e % 2]);
        }
      }
    }
  }
}

/// For each block of states φ_k ⊙ Σ (values x^m_k) states over the warp's channels, summed over k:
/// of states lane / 4 and that + 8, and the lane's tokens; for two blocks as a quad of words.
template <int kStates, typename Decay, typename States>
__device__ __forceinline__ void share_states(uint4 (*shares)[32], const Decay& decay,
                                             const unsigned (&values)[2], const States& states,
                                             const ProductConstants<kStates>& constants, int lane) {
  unsigned weighed[kPowerPairs][4];  // by channels
  NodePowers<4> powers(decay);
#pragma unroll
  for (int pair = 0; pair < kPowerPairs; ++pair) {
    powers.find_pair(pair);
    weigh_inputs(values, powers, pair, weighed[pair]);
#pragma unroll
    for (unsigned& word : weighed[pair]) word = transpose_matrix(word);
  }
  unsigned words[4];
#pragma unroll
  for (int block = 0; block < kStates / kBlockStates; ++block) {
    unsigned packed[4];
    states(block, packed);
#pragma unroll
    for (unsigned& word : packed) word = transpose_matrix(word);
    float sum[4] = {};
#pragma unroll
    for (int pair = first_pair(block); pair < first_pair(block) + pairs_of(block); ++pair) {
      const uint4 weights = constants.weights_B[power_item(block, pair)][lane / 4];
      const unsigned(&tokens)[4] = weighed[pair];
      multiply_half<__nv_bfloat16>(
          sum,
          {multiply_pairs(packed[0], weights.x), multiply_pairs(packed[2], weights.z),
           multiply_pairs(packed[1], weights.x), multiply_pairs(packed[3], weights.z)},
          {tokens[0], tokens[1]});
      multiply_half<__nv_bfloat16>(
          sum,
          {multiply_pairs(packed[0], weights.y), multiply_pairs(packed[2], weights.w),
           multiply_pairs(packed[1], weights.y), multiply_pairs(packed[3], weights.w)},
          {tokens[2], tokens[3]});
    }
    words[block % 2 * 2] = pack_bf16(sum[0], sum[1]);
    words[block % 2 * 2 + 1] = pack_bf16(sum[2], sum[3]);
    if (block % 2 == 1) shares[block / 2][lane] = {words[0], words[1], words[2], words[3]};
  }
}

/// Σ n h adjoint over all states, in bfloat16, of each of the lane's channels.
template <int kStates, typename States>
__device__ __forceinline__ void sum_through(float (&through)[2], const States& states,
                                            const WarpStates<kStates>& adjoint, int lane) {
  // Products of all channels with all: those of a channel and itself are on the diagonal.
  float low[4] = {}, high[4] = {};
  const auto first = static_cast<float>(lane % 4 * 2 + 1);
#pragma unroll
  for (int block = 0; block < kStates / kBlockStates; ++block) {
    unsigned h[4], after[4];
    states(block, h);
    pack_states<kStates>(adjoint, block, after);
    const float n = first + static_cast<float>(block * kBlockStates);
    const unsigned order = pack_bf16(n, n + 1.F), next = pack_bf16(n + 8.F, n + 9.F);
    const unsigned left[4] = {multiply_pairs(h[0], order), multiply_pairs(h[1], order),
                              multiply_pairs(h[2], next), multiply_pairs(h[3], next)};
    multiply_half<__nv_bfloat16>(low, left, {after[0], after[2]});
    multiply_half<__nv_bfloat16>(high, left, {after[1], after[3]});
  }
  const int g = lane / 4, from = (lane & ~3) + g / 2;
  through[0] = __shfl_sync(kFullWarp, g % 2 == 0 ? low[0] : low[1], from);
  through[1] = __shfl_sync(kFullWarp, g % 2 == 0 ? high[2] : high[3], from);
}

/// adjoint += Σ_k Σ_i (x_i^m_k w_i) (φ_k ⊙ C_i).
template <int kStates, typename Decay>
__device__ __forceinline__ void add_gradients(WarpStates<kStates>& adjoint, const Decay& decay,
                                              const unsigned (&w)[2],
                                              const BackwardOperands<kStates>& operands, int lane) {
  NodePowers<4> powers(decay);
#pragma unroll
  for (int pair = 0; pair < kPowerPairs; ++pair) {
    powers.find_pair(pair);
    unsigned weighed[4];
    weigh_inputs(w, powers, pair, weighed);
#pragma unroll
    for (int block = 0; block < kStates / kBlockStates; ++block) {
      if (pair < first_pair(block) || pair >= first_pair(block) + pairs_of(block)) continue;
      add_inputs<kStates>(adjoint, weighed, operands.C_inputs, block, pair, lane);
    }
  }
}

/// The products of an octet's tokens: of different ones by nodes, and of each with itself.
template <int kStates>
__device__ __forceinline__ void share_products(uint4 (*shares)[32],
                                               const unsigned (&products)[kPowerNodes],
                                               const float (&own)[2], int lane) {
  using Layout = SharesLayout<kStates>;
  unsigned words[4 * Layout::kPairQuads];
#pragma unroll
  for (int k = 0; k < kPowerNodes; ++k) words[k] = products[k];
#pragma unroll
  for (int c = 0; c < 2; ++c) words[kPowerNodes + c] = split(sum_of_column(own[c]));
#pragma unroll
  for (int quad = 0; quad < Layout::kPairQuads; ++quad) {
    shares[Layout::kFirstPairQuad + quad][lane] = {words[4 * quad], words[4 * quad + 1],
                                                   words[4 * quad + 2], words[4 * quad + 3]};
  }
}

template <typename T, int kStates>
__global__ void __launch_bounds__(kProductThreads, 1)
    scan_products_backward_kernel(const __grid_constant__ GradientParameters<T> p) {
  extern __shared__ __align__(16) unsigned char memory[];
  using Shared = BackwardShared<T, kStates>;
  using Buffer = typename Shared::Buffer;
  using Shares = typename Shared::Shares;
  auto& shared = *reinterpret_cast<Shared*>(memory);
  const ProductPlace place(p);
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);
  const bool gated = p.args.z.data != nullptr;

  prefetch_octet_states<kStates>(p, place, (place.steps - 1) / kOctetTokens * kOctetTokens);
  WarpStates<kStates> adjoint;
  find_start<true, T, kStates>(adjoint, p.found_adjoints, p, place);
  float4& channel_sums = shared.channel_sums[place.warp()][lane];
  channel_sums = {};
  for_each_octet_back(p, place, shared, [&](int octet, Buffer& buffer) {
    const int begin = octet * kOctetTokens, step = begin + lane % 4 * 2;
    // The first octet of a sequence has no states before it, the last none after it.
    const bool has_before = place.begin + begin > 0;
    const bool has_after = place.begin + begin + kOctetTokens < p.args.tokens;
    if (octet > 0) prefetch_octet_states<kStates>(p, place, begin - kOctetTokens);
    const auto& operands = buffer.operands;
    uint4(*const shares)[32] = shared.shares[place.warp()];
    const auto store = [&](const StepRows<T>& rows, const LaneTokens& values) {
      store_tokens(rows, place, begin, channels, p.pairs, values);
    };

    unsigned words[4], gradients[4], ungated[2];
    load_transposed(words, buffer.input_matrix(place.warp(), lane, Buffer::kU));
    load_transposed(gradients, buffer.input_matrix(place.warp(), lane, Buffer::kGradY));
    load_transposed(ungated, buffer.input_matrix(place.warp(), lane, Buffer::kUngated));
    OctetInputs<T> in(words, shared, place, buffer.live);
    TokenSums sums;
    unsigned w[2];      // the gradient before the gate, as bfloat16
    float own[2] = {};  // Σ w u' over channels, of both tokens
    float skip_sum[2];
    LaneTokens grad_z;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      // A channel that does not exist adds nothing to sums over channels.
      const bool exists = place.first_channel + lane / 4 + half * 8 < channels;
      const int left = exists ? place.steps - step : 0;
      const float2 grad = unpack<T>(gradients[half]), z = unpack<T>(gradients[2 + half]);
      const Gate gates[2] = {Gate(z.x, gated), Gate(z.y, gated)};
      const float2 gradient = {left > 0 ? grad.x * gates[0].value : 0.F,
                               left > 1 ? grad.y * gates[1].value : 0.F};
      const float2 u = unpack<T>(in.u[half]);
      w[half] = pack_bf16(gradient.x, gradient.y);
      in.input[half] = exists ? in.input[half] : 0U;
      skip_sum[half] = gradient.x * u.x + gradient.y * u.y;
      own[0] += gradient.x * (in.steps[half][0] * u.x);
      own[1] += gradient.y * (in.steps[half][1] * u.y);
      sums.input[half][0] = gradient.x * operands.diagonal[lane % 4 * 2];
      sums.input[half][1] = gradient.y * operands.diagonal[lane % 4 * 2 + 1];
      sums.crossing[half][0] = sums.crossing[half][1] = 0.F;
      const float2 y = unpack<T>(ungated[half]);
      grad_z[half][0] = grad.x * y.x * gates[0].slope;
      grad_z[half][1] = grad.y * y.y * gates[1].slope;
    }
    if (gated) store(shared.rows_z, grad_z);
    KeptInputs& kept = buffer.kept(place.warp());
    __syncwarp();  // all lanes have read
    kept.steps[lane] = {in.steps[0][0], in.steps[0][1], in.steps[1][0], in.steps[1][1]};
    kept.slopes[lane] = {in.slopes[0][0], in.slopes[0][1], in.slopes[1][0], in.slopes[1][1]};
    kept.u[lane] = {in.u[0], in.u[1]};
    channel_sums.x += skip_sum[0], channel_sums.y += skip_sum[1];
    unsigned products[kPowerNodes] = {};
    // A single token, as the last of 33 is, has nobody to meet.
    if (begin + 1 < place.steps) {
      add_parted_pairs<4, T, kStates>(sums, products, in, w, operands, lane);
      add_parted_pairs<2, T, kStates>(sums, products, in, w, operands, lane);
      add_neighbours<T, kStates>(sums, products, in, w, operands, lane);
    }
    share_products<kStates>(shares, products, own, lane);

    const auto from_start = [&](int i) { return fast_exp2(-in.sums[i / 2][i % 2]); };
    const auto to_end = [&](int i) { return fast_exp2(in.sums[i / 2][i % 2] - in.total[i / 2]); };
    const auto after = [&](int block, unsigned(&packed)[4]) {
      pack_states<kStates>(adjoint, block, packed);
    };
    const uint4* const found = has_before ? octet_states<kStates>(p, place, begin) : nullptr;
    const auto before = [&](int block, unsigned(&packed)[4]) {
      const uint4 state = found[block * 32];
      packed[0] = state.x, packed[1] = state.y, packed[2] = state.z, packed[3] = state.w;
    };
    const auto no_share = [&](int first) {
#pragma unroll
      for (int quad = 0; quad < Shares::kStateQuads; ++quad) shares[first + quad][lane] = {};
    };
    if (has_after) {
      LaneTokens weighted = {};
      read_states<kStates>(sums.input, weighted, to_end, after, operands.B, lane);
      multiply_by(weighted, in.input);
      add_running_sums<false>(weighted, sums.crossing, lane);
      share_states<kStates>(shares + Shares::kStateQuads, to_end, in.input, after, shared, lane);
    } else {
      no_share(Shares::kStateQuads);
    }
    if (has_before) {
      LaneTokens plain = {}, weighted = {};
      read_states<kStates>(plain, weighted, from_start, before, operands.C, lane);
      multiply_by(weighted, w);
      add_running_sums<true>(weighted, sums.crossing, lane);
      share_states<kStates>(shares, from_start, w, before, shared, lane);

      decay_states<kStates>(adjoint, in.total, lane);
      float through[2];
      sum_through<kStates>(through, before, adjoint, lane);
#pragma unroll
      for (int e = 0; e < 4; ++e) sums.crossing[e / 2][e % 2] += through[e / 2];
      add_gradients<kStates>(adjoint, from_start, w, operands, lane);
    } else {
      no_share(0);
    }

    LaneTokens grad_u, grad_delta;
    const float4 step_quad = kept.steps[lane], slope_quad = kept.slopes[lane];
    const LaneTokens steps = {{step_quad.x, step_quad.y}, {step_quad.z, step_quad.w}};
    const LaneTokens slopes = {{slope_quad.x, slope_quad.y}, {slope_quad.z, slope_quad.w}};
    const unsigned u_words[2] = {kept.u[lane].x, kept.u[lane].y};
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int channel = lane_channel(place, half);
      const float rate = shared.rate[channel] * (1.F / kLog2E), skip = shared.skip[channel];
      const float2 us = unpack<T>(u_words[half]), ws = unpack<__nv_bfloat16>(w[half]);
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        const float u = c == 0 ? us.x : us.y, skipped = (c == 0 ? ws.x : ws.y) * skip;
        const float input = sums.input[half][c];
        grad_u[half][c] = fmaf(input, steps[half][c], skipped);
        grad_delta[half][c] = fmaf(input, u, -rate * sums.crossing[half][c]) * slopes[half][c];
      }
    }
    channel_sums.z += grad_delta[0][0] + grad_delta[0][1];
    channel_sums.w += grad_delta[1][0] + grad_delta[1][1];
    store(shared.rows_u, grad_u);
    store(shared.rows_delta, grad_delta);
  });

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float of_skip = sum_of_row(half == 0 ? channel_sums.x : channel_sums.y);
    const float of_bias = sum_of_row(half == 0 ? channel_sums.z : channel_sums.w);
    const int channel = place.first_channel + lane / 4 + half * 8;
    if (channel >= channels || lane % 4 != 0) continue;
    p.grad_skip[place.chunk * channels + channel] = of_skip;
    p.grad_bias[place.chunk * channels + channel] = of_bias;
  }
}

}  // namespace omniq::kernels::detail
