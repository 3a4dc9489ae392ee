// What the tokens of an octet have to do with each other, for the backward kernel of the scan on
// tensor cores; names as explained there.
#pragma once

#include "kernels/selective_scan/tensor_cores/backward_stage.cuh"

namespace omniq::kernels::detail {

/// What an octet's pass finds for a lane's tokens: the gradient of u', and Σ n x^n w C u' B over
/// the pairs that cross a token.
struct TokenSums {
  LaneTokens input, crossing;
};

/// x times what two bfloat16 numbers of each half are.
__device__ __forceinline__ void multiply_by(LaneTokens& x, const unsigned (&pairs)[2]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float2 two = unpack<__nv_bfloat16>(pairs[half]);
    x[half][0] *= two.x, x[half][1] *= two.y;
  }
}

/// Sets `products`, of a node, where the lane has two tokens that are to be there: the matrix
/// [token × token] of Σ values · values over the warp's channels.
__device__ __forceinline__ void set_products(unsigned& products, const unsigned (&values)[2],
                                             bool lane_has, bool both) {
  const unsigned low = transpose_matrix(values[0]), high = transpose_matrix(values[1]);
  float product[4] = {};
  multiply_half<__nv_bfloat16>(product, {low, 0U, high, 0U}, {low, high});
  const unsigned word = pack_bf16(product[0], both ? product[1] : 0.F);
  products = lane_has ? word : products;
}

/// What tokens of an octet have to do with each other that a boundary separates: with kSize 4 the
/// one in its middle, with 2 those in the middle of both halves. w: as bfloat16; products: P by
/// nodes, of token lane / 4 and the earlier ones of the lane's two, as bfloat16.
template <int kSize, typename T, int kStates>
__device__ __forceinline__ void add_parted_pairs(TokenSums& sums, unsigned (&products)[kPowerNodes],
                                                 const OctetInputs<T>& in, const unsigned (&w)[2],
                                                 const BackwardOperands<kStates>& operands,
                                                 int lane) {
  const int g = lane / 4, column = lane % 4;
  const bool upper = 2 * column / kSize % 2 == 1;
  // Of token g and the lane's two, one is on either side.
  const bool parted = (g ^ 2 * column) / kSize == 1;
  // Decays to or from the boundary; what a token brings is w after it, u' before it.
  const int last = (lane & ~3) + 2 * column / (2 * kSize) * kSize + kSize / 2 - 1;
  LaneTokens decay;
  unsigned values[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float boundary = __shfl_sync(kFullWarp, in.sums[half][1], last);
#pragma unroll
    for (int c = 0; c < 2; ++c) decay[half][c] = fast_exp2(-fabsf(in.sums[half][c] - boundary));
    values[half] = upper ? w[half] : in.input[half];
  }
  NodePowers<4> powers([&](int i) { return decay[i / 2][i % 2]; });
  LaneTokens plain = {}, weighted = {};
#pragma unroll
  for (int k = 0; k < kPowerNodes; ++k) {
    if (k > 0) powers.find(k);
    const float(&power)[4] = powers.of[k];
    const unsigned weighed[2] = {multiply_pairs(pack_bf16(power[0], power[1]), values[0]),
                                 multiply_pairs(pack_bf16(power[2], power[3]), values[1])};
    float sum[4] = {};
    const auto add = [&](int place) {
      const uint2 words = operands.C_B[place][lane];
      multiply_half<__nv_bfloat16>(sum, {weighed[0], weighed[1]},
                                   parted ? (k % 2 == 0 ? words.x : words.y) : 0U);
    };
    add(k / 2);
    const int second = OctetOperands<kStates>::second_product(k / 2);
    if (second < OctetOperands<kStates>::kProducts) add(second);
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const float value = power[e] * sum[e];
      plain[e / 2][e % 2] += value;
      weighted[e / 2][e % 2] =
          fmaf(static_cast<float>(power_node(k)), value, weighted[e / 2][e % 2]);
    }
    set_products(products[k], weighed, parted && g > 2 * column, /*both=*/true);
  }
  multiply_by(weighted, values);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float(&value)[2] = weighted[half];
#pragma unroll
    for (int c = 0; c < 2; ++c) sums.input[half][c] += upper ? 0.F : plain[half][c];
    // A pair crosses what comes after its first token up to and with its second.
    const float own = value[0] + value[1];
    const float neighbour = __shfl_xor_sync(kFullWarp, own, 1);
    const float others = kSize == 4 && (column == 1 || column == 2) ? neighbour : 0.F;
    sums.crossing[half][0] += others + (upper ? own : 0.F);
    sums.crossing[half][1] += others + (upper ? value[1] : value[0]);
  }
}

/// The same of a lane's own two tokens.
template <typename T, int kStates>
__device__ __forceinline__ void add_neighbours(TokenSums& sums, unsigned (&products)[kPowerNodes],
                                               const OctetInputs<T>& in, const unsigned (&w)[2],
                                               const BackwardOperands<kStates>& operands,
                                               int lane) {
  const int g = lane / 4, column = lane % 4;
  // Where the product of these two is, of the later as column.
  const int place = (2 * column + 1) * 4 + column;
  unsigned values[2];  // u' of the first and w of the second
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    values[half] = (in.input[half] & 0xffffU) | (w[half] & 0xffff0000U);
  }
  NodePowers<2> powers([&](int half) { return fast_exp2(in.sums[half][0] - in.sums[half][1]); });
  float plain[2] = {}, weighted[2] = {};
#pragma unroll
  for (int k = 0; k < kPowerNodes; ++k) {
    if (k > 0) powers.find(k);
    const auto product = [&](int of_pair) {
      const uint2 words = operands.C_B[of_pair][place];
      return unpack<__nv_bfloat16>(k % 2 == 0 ? words.x : words.y).x;
    };
    float C_B = product(k / 2);
    const int second = OctetOperands<kStates>::second_product(k / 2);
    if (second < OctetOperands<kStates>::kProducts) C_B += product(second);
    unsigned weighed[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float power = powers.of[k][half], value = power * C_B;
      plain[half] += value;
      weighted[half] = fmaf(static_cast<float>(power_node(k)), value, weighted[half]);
      weighed[half] = multiply_pairs(pack_bf16(1.F, power), values[half]);
    }
    set_products(products[k], weighed, g == 2 * column + 1, /*both=*/false);
  }
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float2 two = unpack<__nv_bfloat16>(values[half]);
    sums.input[half][0] = fmaf(two.y, plain[half], sums.input[half][0]);
    sums.crossing[half][1] = fmaf(two.x * two.y, weighted[half], sums.crossing[half][1]);
  }
}

}  // namespace omniq::kernels::detail
