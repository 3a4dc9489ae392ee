#include "kernels/selective_scan/powers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace omniq::selective_scan_powers_test {
namespace {

using namespace kernels::detail;

double weight(int power, int i) {
  const std::uint32_t bits = static_cast<std::uint32_t>(power_weights().weights[power - 1][i])
                             << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

double from_nodes(int power, double x) {
  const int block = (power - 1) / kBlockStates;
  double sum = 0;
  for (int i = 0; i < 2 * pairs_of(block); ++i) {
    sum += weight(power, i) * std::pow(x, power_node(2 * first_pair(block) + i));
  }
  return sum;
}

TEST(ScanPowers, AllPowersFollowFromTheNodes) {
  for (int power = 1; power <= kMaxPowerBlocks * kBlockStates; ++power) {
    EXPECT_NEAR(from_nodes(power, 1), 1, 3e-4) << power;
    EXPECT_EQ(from_nodes(power, 0), 0) << power;
    double largest = 0;
    for (double s = 1e-6; s < 100; s *= 1.01) {
      const double x = std::exp(-s);
      largest = std::max(largest, std::abs(from_nodes(power, x) - std::pow(x, power)));
    }
    EXPECT_LE(largest, 1.3e-3) << power;
  }
}

TEST(ScanPowers, NodesAreSumsOfThoseBefore) {
  for (int i = 1; i < kPowerNodes; ++i) {
    ASSERT_LT(node_term(i, 0), i);
    ASSERT_LT(node_term(i, 1), i);
    EXPECT_EQ(power_node(i), power_node(node_term(i, 0)) + power_node(node_term(i, 1)));
  }
}

TEST(ScanPowers, BlocksAndPairsKnowEachOther) {
  for (const int blocks : {4, kMaxPowerBlocks}) {
    int item = 0;
    for (int block = 0; block < blocks; ++block) {
      for (int pair = 0; pair < kPowerPairs; ++pair) {
        const bool serves = pair >= first_pair(block) && pair < first_pair(block) + pairs_of(block);
        EXPECT_EQ(serves, block >= first_block(pair) && block < end_block(pair, blocks));
        if (serves) EXPECT_EQ(power_item(block, pair), item++);
      }
    }
    EXPECT_EQ(power_items(blocks), item);
  }
}

}  // namespace
}  // namespace omniq::selective_scan_powers_test
