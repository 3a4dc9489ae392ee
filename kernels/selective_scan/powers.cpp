#include "kernels/selective_scan/powers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

namespace omniq::kernels::detail {
namespace {

constexpr int kMost = 6;  // nodes of a block

// Decays x = exp(−s) with s from where the highest power hardly moves to where the lowest is gone;
// and x = 1, where the weights are to give 1: its weight holds the sum of squares to that.
struct Sample {
  double x, importance;
  std::array<double, kPowerNodes> nodes;  // x^m
};
std::vector<Sample> samples() {
  constexpr int kCount = 200;
  constexpr double kLeast = 3e-4, kMost = 25, kImportance = 1e4;
  std::vector<Sample> result{{1, kImportance, {}}};
  for (int i = 0; i < kCount; ++i) {
    result.push_back({std::exp(-kLeast * std::pow(kMost / kLeast, i / (kCount - 1.0))), 1, {}});
  }
  for (Sample& s : result) {
    for (int i = 0; i < kPowerNodes; ++i) s.nodes[i] = std::pow(s.x, power_node(i));
  }
  return result;
}

// The solution of a positive definite system, by Cholesky's factorisation.
std::array<double, kMost> solve(std::array<std::array<double, kMost>, kMost> a,
                                std::array<double, kMost> b, int size) {
  for (int j = 0; j < size; ++j) {
    for (int k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
    a[j][j] = std::sqrt(a[j][j]);
    for (int i = j + 1; i < size; ++i) {
      for (int k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
  }
  for (int i = 0; i < size; ++i) {
    for (int k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (int i = size - 1; i >= 0; --i) {
    for (int k = i + 1; k < size; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

std::uint16_t to_bfloat16(double x) {
  const auto value = static_cast<float>(x);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}
double from_bfloat16(std::uint16_t x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x) << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// The weights for x^power from the nodes of its block. The largest is rounded first, and the others
// are found anew to make up for what that changed, until the smallest is left.
void fit(int power, const std::vector<Sample>& samples, std::uint16_t (&weights)[kMost]) {
  const int block = (power - 1) / kBlockStates, first = 2 * first_pair(block);
  std::vector<int> free;
  for (int i = 0; i < 2 * pairs_of(block); ++i) free.push_back(i);
  std::vector<double> rest;
  for (const Sample& s : samples) rest.push_back(std::pow(s.x, power));
  const auto node = [&](std::size_t s, int i) { return samples[s].nodes[first + i]; };
  while (!free.empty()) {
    const int size = static_cast<int>(free.size());
    std::array<std::array<double, kMost>, kMost> products{};
    std::array<double, kMost> right{};
    for (std::size_t s = 0; s < samples.size(); ++s) {
      for (int i = 0; i < size; ++i) {
        const double value = samples[s].importance * node(s, free[i]);
        right[i] += value * rest[s];
        for (int j = 0; j <= i; ++j) products[i][j] += value * node(s, free[j]);
      }
    }
    const auto found = solve(products, right, size);
    int largest = 0;
    for (int i = 1; i < size; ++i) {
      if (std::abs(found[i]) > std::abs(found[largest])) largest = i;
    }
    const int place = free[largest];
    weights[place] = to_bfloat16(found[largest]);
    const double rounded = from_bfloat16(weights[place]);
    for (std::size_t s = 0; s < samples.size(); ++s) rest[s] -= rounded * node(s, place);
    free.erase(free.begin() + largest);
  }
}

PowerWeights find_weights() {
  PowerWeights result{};
  const auto all = samples();
  for (int n = 1; n <= kMaxPowerBlocks * kBlockStates; ++n) fit(n, all, result.weights[n - 1]);
  return result;
}

}  // namespace

const PowerWeights& power_weights() {
  static const PowerWeights found = find_weights();
  return found;
}

}  // namespace omniq::kernels::detail
