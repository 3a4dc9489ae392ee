// Random numbers that depend only on their key, so that a run repeats whatever its thread count and
// continues after a pause: every draw is keyed by (seed, step, sample). The standard library's
// distributions differ between implementations, so these are written out.
#pragma once

#include <cstdint>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace omniq {

/// Mixes 64 bits (the finaliser of SplitMix64; Steele, Lea and Flood, 2014).
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// The bits of a text (FNV-1a).
constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

/// A stream of random numbers named by up to four integers.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0)
      : state_(mix_bits(mix_bits(mix_bits(mix_bits(seed) ^ a) ^ b) ^ c)) {}

  std::uint64_t bits() { return mix_bits(state_++ * 0xd1342543de82ef95ULL + 1); }
  /// Uniform in [0, 1) with 53 bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform in {0, …, n − 1}; n ≥ 1.
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(uniform() * static_cast<double>(n));
  }
  /// Standard normal (Box–Muller).
  double normal();
  /// A permutation of {0, …, n − 1} (Fisher–Yates).
  std::vector<std::int64_t> permutation(std::int64_t n);

 private:
  std::uint64_t state_;
};

}  // namespace omniq
