// Random bits from counters, the same on every device. Sees no torch header.
#pragma once

#include <cuda_runtime_api.h>  // __host__ and __device__, for any compiler

#include <cstdint>

namespace omniq::kernels::detail {

/// SplitMix64 (Steele, Lea and Flood, 2014), a stream for each sample under a key, which can be
/// entered anywhere.
class SampleBits {
 public:
  __host__ __device__ SampleBits(std::uint64_t key, std::int64_t sample)
      : start_(mix(mix(key) ^ static_cast<std::uint64_t>(sample))) {}

  /// Of the element with this number in its sample.
  __host__ __device__ std::uint32_t operator()(std::int64_t element) const {
    return static_cast<std::uint32_t>(
        mix(start_ + static_cast<std::uint64_t>(element) * kIncrement) >> 32);
  }

  /// The same as a number in [0, 1), of 24 bits.
  __host__ __device__ float uniform(std::int64_t element) const {
    return static_cast<float>((*this)(element) >> 8) * 0x1.0p-24F;
  }

 private:
  static constexpr std::uint64_t kIncrement = 0x9e3779b97f4a7c15ULL;

  __host__ __device__ static std::uint64_t mix(std::uint64_t x) {
    x += kIncrement;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }

  std::uint64_t start_;
};

}  // namespace omniq::kernels::detail
