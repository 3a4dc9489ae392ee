// The gradients of B and C from the shares of blocks of channels, on all of a GPU's cores.
#pragma once

#include "kernels/selective_scan/tensor_cores/backward_stage.cuh"

namespace omniq::kernels::detail {

/// [directions, clips, tokens, states], contiguous.
template <typename T>
struct SumParameters {
  Rows<const T> B, C;
  Rows<T> grad_B, grad_C;
  const float* shares;  // as GradientParameters has them
  std::int64_t clips, tokens, octets, sequences;
  int count;  // of shares
  PowerWeights weights;
};

/// A block has one octet: it adds up the shares, and what tokens of the octet give to each other:
/// dC_i += Σ_j (Σ_k φ_k P_ij[k]) B_j, dB_j += Σ_i (Σ_k φ_k P_ij[k]) C_i.
template <typename T, int kStates>
__global__ void __launch_bounds__(SharesLayout<kStates>::kQuads * 32)
    scan_products_sum_kernel(const __grid_constant__ SumParameters<T> p) {
  using Layout = SharesLayout<kStates>;
  constexpr int kRow = kStates + 4;
  __shared__ float states[2][kOctetTokens][kRow];  // of C and B
  __shared__ float pairs[kOctetTokens][kOctetTokens][kPowerNodes + 1];
  __shared__ float own[kOctetTokens];
  const int thread = static_cast<int>(threadIdx.x), quad = thread / 32, lane = thread % 32;
  const std::int64_t octet = blockIdx.x % p.octets, sequence = blockIdx.x / p.octets;

  float sum[8] = {};
  const float* next =
      p.shares + blockIdx.x * static_cast<std::int64_t>(Layout::kFloats) + thread * 8;
#pragma unroll 4
  for (int i = 0; i < p.count; ++i) {
    float share[8];
    load8(next, share);
    next += p.sequences * p.octets * Layout::kFloats;
#pragma unroll
    for (int e = 0; e < 8; ++e) sum[e] += share[e];
  }
  const int g = lane / 4, token = lane % 4 * 2;
#pragma unroll
  for (int e = 0; e < 8; ++e) {
    if (quad < Layout::kFirstPairQuad) {
      const int block = quad % Layout::kStateQuads * 2 + e / 4;
      const int state = block * kBlockStates + g + e % 4 / 2 * 8;
      states[quad / Layout::kStateQuads][token + e % 2][state] = sum[e];
    } else if (const int node = (quad - Layout::kFirstPairQuad) * 4 + e / 2; node < kPowerNodes) {
      pairs[g][token + e % 2][node] = sum[e];
    } else if (g == 0 && e % 2 == 0) {
      own[token + node - kPowerNodes] = sum[e] + sum[e + 1];
    }
  }
  __syncthreads();
  if (thread >= kStates) return;

  const auto rows_of = [&](const auto& rows) {
    return StepRows(rows, sequence / p.clips, sequence % p.clips, octet * kOctetTokens, p.tokens);
  };
  const auto rows_B = rows_of(p.B), rows_C = rows_of(p.C);
  const auto rows_grad_B = rows_of(p.grad_B), rows_grad_C = rows_of(p.grad_C);
  const int steps = static_cast<int>(
      min(static_cast<std::int64_t>(kOctetTokens), p.tokens - octet * kOctetTokens));
  const int block = thread / kBlockStates, first = 2 * first_pair(block);
  float weights[6], B[kOctetTokens], C[kOctetTokens], grad_B[kOctetTokens], grad_C[kOctetTokens];
#pragma unroll
  for (int k = 0; k < 6; ++k) {
    weights[k] = __uint_as_float(static_cast<unsigned>(p.weights.weights[thread][k]) << 16);
  }
#pragma unroll
  for (int t = 0; t < kOctetTokens; ++t) {
    const int row = min(t, steps - 1);
    B[t] = to_float(rows_B.row(row)[thread]), C[t] = to_float(rows_C.row(row)[thread]);
    grad_C[t] = states[0][t][thread], grad_B[t] = states[1][t][thread];
  }
#pragma unroll
  for (int i = 0; i < kOctetTokens; ++i) {
#pragma unroll
    for (int j = 0; j <= i; ++j) {
      float pair = 0.F;
      if (j == i) {
        pair = own[i];
      } else {
#pragma unroll
        for (int k = 0; k < 6; ++k) {
          // A block has its own nodes; what follows them has no weight.
          pair = fmaf(weights[k], pairs[i][j][min(first + k, kPowerNodes - 1)], pair);
        }
      }
      grad_C[i] = fmaf(pair, B[j], grad_C[i]);
      grad_B[j] = fmaf(pair, C[i], grad_B[j]);
    }
  }
#pragma unroll
  for (int t = 0; t < kOctetTokens; ++t) {
    if (t >= steps) break;
    rows_grad_B.row(t)[thread] = from_float<T>(grad_B[t]);
    rows_grad_C.row(t)[thread] = from_float<T>(grad_C[t]);
  }
}

}  // namespace omniq::kernels::detail
