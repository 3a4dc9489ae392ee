// A block has the weight in its shared memory; each of its warps takes 32 tokens at a time, and
// makes 32 channels of them at a time. The weight's rows are in such an order there that a lane's
// results are eight neighbours of each of its tokens.
#include "kernels/common/cuda_token_tiles.cuh"
#include "kernels/token_linear/token_linear_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kWarps = 8, kBlocks = 2;  // of a block; on a multiprocessor

template <typename T, int kVectors>
__global__ void __launch_bounds__(32 * kWarps, kBlocks)
    token_linear_kernel(const CudaTokenLinearArguments<T> args) {
  constexpr int kChannels = 32 * kVectors, kSteps = kChannels / 16;
  constexpr int kPitch = kChannels + 8;  // no bank conflicts
  extern __shared__ __align__(16) unsigned char shared[];
  auto* offset = reinterpret_cast<float*>(shared);                          // [kChannels]
  float* bias = offset + kChannels;                                         // [out_channels]
  auto* weight = reinterpret_cast<T(*)[kPitch]>(bias + args.out_channels);  // [out_channels]
  const int thread = static_cast<int>(threadIdx.x), threads = 32 * kWarps;
  // Row 32n + 8t + 2i + e is channel 32n + 8i + 2t + e of the result.
  const auto channel_of_row = [](int row) {
    return row / 32 * 32 + row / 2 % 4 * 8 + row / 8 % 4 * 2 + row % 2;
  };
  for (int n = thread; n < args.out_channels * kChannels / 2; n += threads) {
    const int row = n / (kChannels / 2), k = n % (kChannels / 2) * 2;
    copy_pair(&weight[row][k],
              args.weight + channel_of_row(row) * kChannels + channel_of_column(k));
  }
  for (int n = thread; n < args.out_channels; n += threads) bias[n] = args.bias[channel_of_row(n)];
  for (int n = thread; n < kChannels; n += threads)
    offset[n] = args.offset == nullptr ? 0.F : args.offset[n];
  __syncthreads();

  const int lane = thread % 32, g = lane / 4, i = lane % 4;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kWarps;
  std::int64_t tile = static_cast<std::int64_t>(thread / 32) * gridDim.x + blockIdx.x;
  for (; tile * kTileTokens < args.tokens; tile += step) {
    const std::int64_t first = tile * kTileTokens + g;
    prefetch_token<kChannels>(args.x, (tile + step) * kTileTokens + lane, args.tokens);
    unsigned normed[2][kSteps][4];
    load_normed_tile<T, kVectors>(args.x + first * kChannels, args.tokens - first, i, offset,
                                  normed);
#pragma unroll 1
    for (int from = 0; from < args.out_channels; from += 32) {
      TokenResults<4> sums;
      start_from_bias<4>(sums, bias + from + 2 * i);
#pragma unroll
      for (int s = 0; s < kSteps; ++s) {
        unsigned right[4][2];
        load_rights(weight, from, 16 * s, right[0], right[1]);
        load_rights(weight, from + 16, 16 * s, right[2], right[3]);
#pragma unroll
        for (int m = 0; m < 2; ++m) {
#pragma unroll
          for (int n = 0; n < 4; ++n) multiply_half<T>(sums[m][n], normed[m][s], right[n]);
        }
      }
#pragma unroll
      for (int part = 0; part < 4; ++part) {
        if (first + part * 8 >= args.tokens) continue;
        unsigned pairs[4];
#pragma unroll
        for (int q = 0; q < 4; ++q) {
          const float* pair = &sums[part / 2][q][part % 2 * 2];
          pairs[q] = pack_half<T>(pair[0], pair[1]);
        }
        *reinterpret_cast<uint4*>(args.out + (first + part * 8) * args.out_channels + from +
                                  8 * i) = {pairs[0], pairs[1], pairs[2], pairs[3]};
      }
    }
  }
}

}  // namespace

template <typename T>
cudaError_t token_linear(const CudaTokenLinearArguments<T>& args, cudaStream_t stream) {
  const std::size_t shared =
      sizeof(float) * static_cast<std::size_t>(args.channels + args.out_channels) +
      sizeof(T) * static_cast<std::size_t>(args.out_channels) *
          static_cast<std::size_t>(args.channels + 8);
  return with_constant<32, 64, 96>(args.channels, [&](auto channels) {
    return launch_resident(token_linear_kernel<T, channels / 32>, 32 * kWarps, shared,
                           token_tiles(args.tokens), stream, args);
  });
}

using Element = OMNIQ_ELEMENT;
template cudaError_t token_linear(const CudaTokenLinearArguments<Element>&, cudaStream_t);

}  // namespace omniq::kernels::detail
