// Powers of a decay from a few of them: with linear rates the decay of state n (counted from 1)
// between two tokens is x^n, x in [0, 1]. These functions of x are nearly dependent: a few powers
// x^m, the nodes, give all others as sums with weights that do not depend on x, to 1.3e-3 of the
// largest value, 1. A sum over states of x^n is then a few products of matrices that all channels
// share (see tensor_cores/common.cuh).
//
// No more than six nodes serve a block of 16 neighbouring states; they come in pairs, because two
// nodes of eight tokens are what a tensor core sums at once.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define OMNIQ_HOST_DEVICE __host__ __device__
#else
#define OMNIQ_HOST_DEVICE
#endif

namespace omniq::kernels::detail {

inline constexpr int kPowerNodes = 10;
inline constexpr int kPowerPairs = kPowerNodes / 2;
inline constexpr int kBlockStates = 16;
inline constexpr int kMaxPowerBlocks = 8;

/// The powers themselves, rising. Each from the second on is the sum of two before it:
/// power_node(i) = power_node(node_term(i, 0)) + power_node(node_term(i, 1)).
OMNIQ_HOST_DEVICE constexpr int power_node(int i) {
  constexpr int kNodes[kPowerNodes] = {1, 2, 3, 6, 12, 18, 30, 48, 78, 126};
  return kNodes[i];
}
OMNIQ_HOST_DEVICE constexpr int node_term(int i, int term) {
  constexpr int kTerms[kPowerNodes][2] = {{0, 0}, {0, 0}, {1, 0}, {2, 2}, {3, 3},
                                          {4, 3}, {5, 4}, {6, 5}, {7, 6}, {8, 7}};
  return kTerms[i][term];
}
inline constexpr int kHighestNode = power_node(kPowerNodes - 1);

/// The pairs of nodes that serve a block: kPairs from the first on.
OMNIQ_HOST_DEVICE constexpr int first_pair(int block) {
  return block == 0 ? 0 : (block < 3 ? 2 : 3);
}
OMNIQ_HOST_DEVICE constexpr int pairs_of(int block) { return block == 0 ? 3 : 2; }

/// Blocks and pairs that belong together are numbered block by block.
OMNIQ_HOST_DEVICE constexpr int power_item(int block, int pair) {
  return (block == 0 ? 0 : 1 + 2 * block) + pair - first_pair(block);
}
OMNIQ_HOST_DEVICE constexpr int power_items(int blocks) { return 1 + 2 * blocks; }

/// The blocks that a pair serves, out of `blocks`: from first_block() up to before end_block().
OMNIQ_HOST_DEVICE constexpr int first_block(int pair) {
  int block = 0;
  while (block < kMaxPowerBlocks && first_pair(block) + pairs_of(block) <= pair) ++block;
  return block;
}
OMNIQ_HOST_DEVICE constexpr int end_block(int pair, int blocks) {
  int block = blocks;
  while (block > 0 && first_pair(block - 1) > pair) --block;
  return block;
}

/// x^n ≈ Σ weights[n − 1][i] x^power_node(2 first_pair(block) + i); what a block does not use is 0.
/// The weights are bfloat16 numbers, as the tensor cores take them.
struct PowerWeights {
  std::uint16_t weights[kMaxPowerBlocks * kBlockStates][6];
};

/// Found once, by least squares.
const PowerWeights& power_weights();

}  // namespace omniq::kernels::detail
