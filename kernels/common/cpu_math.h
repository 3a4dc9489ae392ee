// Elementary functions for the CPU loops of the operators, written so that the compiler vectorises
// the loops that call them: no branches, no tables, no calls. For files that do not include torch.
#pragma once

#include <cstdint>
#include <cstring>

#define OMNIQ_INLINE inline __attribute__((always_inline))

// A function marked with this is compiled for AVX-512, AVX2 and plain x86-64, and the loader picks
// one. Everything it calls must be OMNIQ_INLINE, or it would be compiled for plain x86-64 only.
// AddressSanitizer is not ready when the loader picks.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define OMNIQ_CPU_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define OMNIQ_CPU_CLONES
#endif

namespace omniq::kernels::cpu {

template <typename T>
inline constexpr T kLog2E = static_cast<T>(1.4426950408889634);

template <typename T>
struct FloatTraits;

template <>
struct FloatTraits<float> {
  using Bits = std::uint32_t;
  static constexpr int kMantissaBits = 23;
  static constexpr Bits kBias = 127;
  static constexpr float kRounder =
      0x1.8p23F;  // adding it rounds to an integer, which the low bits then hold
  static constexpr float kLn2High = 0x1.62ep-1F, kLn2Low = 0x1.0bfbe8p-15F;
  static constexpr float kExpLowest = -88.2F, kExpHighest = 88.9F;  // 2^-127 and 2^128 when rounded
  static constexpr int kExpTerms = 8, kLogTerms = 8;
};

template <>
struct FloatTraits<double> {
  using Bits = std::uint64_t;
  static constexpr int kMantissaBits = 52;
  static constexpr Bits kBias = 1023;
  static constexpr double kRounder = 0x1.8p52;
  static constexpr double kLn2High = 0x1.62e42fefa38p-1, kLn2Low = 0x1.ef35793c7673p-45;
  static constexpr double kExpLowest = -709.3, kExpHighest = 709.95;
  static constexpr int kExpTerms = 14, kLogTerms = 17;
};

/// The coefficients of the power series of base^x: (ln base)^i / i!.
template <typename T>
struct PowerSeries {
  T terms[FloatTraits<T>::kExpTerms];

  explicit constexpr PowerSeries(double ln_base) : terms() {
    double term = 1;
    for (int i = 0; i < FloatTraits<T>::kExpTerms; ++i) {
      terms[i] = static_cast<T>(term);
      term *= ln_base / (i + 1);
    }
  }
};

/// base^r · 2^k, where `shifted` is k + kRounder. |r ln base| ≤ ln 2 / 2, k from −bias (which gives
/// 0) to bias + 1 (infinity).
template <typename T>
OMNIQ_INLINE T scaled_power(const PowerSeries<T>& series, T r, T shifted) {
  using F = FloatTraits<T>;
  T sum = series.terms[F::kExpTerms - 1];
#pragma GCC unroll 16
  for (int i = F::kExpTerms - 2; i >= 0; --i) sum = sum * r + series.terms[i];
  typename F::Bits bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits + F::kBias) << F::kMantissaBits;  // 2^k; the high bits of `shifted` fall out
  T scale;
  std::memcpy(&scale, &bits, sizeof(scale));
  return sum * scale;
}

/// e^x to about one unit in the last place. Exactly 1 for 0, exactly 0 where the result would be
/// denormal (denormals are slow), infinity above the largest number, NaN for NaN.
template <typename T>
OMNIQ_INLINE T exp(T x) {
  using F = FloatTraits<T>;
  constexpr PowerSeries<T> kSeries(1);
  x = x < F::kExpLowest ? F::kExpLowest : x;
  x = x > F::kExpHighest ? F::kExpHighest : x;
  const T shifted = x * kLog2E<T> + F::kRounder;
  const T k = shifted - F::kRounder;
  return scaled_power(kSeries, (x - k * F::kLn2High) - k * F::kLn2Low, shifted);
}

/// 2^x for x < 127, in fewer steps than exp: for the decay of a state, where x is not positive and
/// each instruction counts. Exactly 1 for 0, exactly 0 where the result would be denormal, NaN for
/// NaN.
template <typename T>
OMNIQ_INLINE T exp2(T x) {
  using F = FloatTraits<T>;
  constexpr PowerSeries<T> kSeries(0.6931471805599453);
  constexpr T kLowest = -static_cast<T>(F::kBias);
  x = x < kLowest ? kLowest : x;
  const T shifted = x + F::kRounder;
  return scaled_power(kSeries, x - (shifted - F::kRounder), shifted);
}

template <typename T>
OMNIQ_INLINE T sigmoid(T x) {
  return T(1) / (T(1) + exp(-x));
}

template <typename T>
OMNIQ_INLINE T silu(T x) {
  return x * sigmoid(x);
}

/// The derivative of SiLU.
template <typename T>
OMNIQ_INLINE T silu_slope(T x) {
  const T s = sigmoid(x);
  return s * (T(1) + x * (T(1) - s));
}

/// log(1 + e^x) = max(x, 0) + log1p(q), q = e^−|x| ≤ 1, with log1p(q) = 2 atanh(q / (2 + q)) as a
/// power series (the argument is at most 1/3). Keeps its relative precision where the result is
/// tiny.
template <typename T>
OMNIQ_INLINE T softplus(T x) {
  const T magnitude = x < T(0) ? -x : x;
  const T q = exp(-magnitude);
  const T s = q / (T(2) + q);
  const T square = s * s;
  T sum = T(1) / (2 * FloatTraits<T>::kLogTerms - 1);
#pragma GCC unroll 32
  for (int i = FloatTraits<T>::kLogTerms - 2; i >= 0; --i) sum = sum * square + T(1) / (2 * i + 1);
  return (x > T(0) ? x : T(0)) + T(2) * s * sum;
}

}  // namespace omniq::kernels::cpu
