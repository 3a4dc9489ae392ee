#include "app/bench/limits.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <torch/types.h>

#include "app/bench/timing.h"
#include "kernels/selective_scan/selective_scan_powers.h"

namespace omniq::bench {

ScanWork scan_work(std::int64_t states, bool tensor_cores) {
  const auto N = static_cast<double>(states);
  // Every state: a decay, an input, an update and a share of y.
  if (!tensor_cores) return {0, 4 * N};
  // A block of 16 states and two of ten powers of the decay, for y and for the states; and once in
  // eight tokens the decay of every state, and what that is multiplied by. For each of the powers:
  // itself for y, for the token and for the states, and a share of y.
  namespace scan = kernels::detail;
  const double items = scan::power_items(static_cast<int>(states) / scan::kBlockStates);
  return {2 * 2 * 2.0 * scan::kBlockStates * items, 2 * N / 8 + 4.0 * scan::kPowerNodes};
}

std::optional<Ceilings> ceilings(c10::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  const auto options = torch::TensorOptions().device(device).dtype(torch::kBFloat16);
  Ceilings result{};
  {
    const auto from = torch::randn({std::int64_t{1} << 30}, options);
    const auto to = torch::empty_like(from);
    const auto ms = measure(
        device, [&](std::int64_t) { to.copy_(from); }, 1, 10, Launch::kEager);
    result.bytes = 2.0 * static_cast<double>(from.nbytes()) / ms.median;
  }
  {
    const std::int64_t n = 8192;
    const auto a = torch::randn({n, n}, options), b = torch::randn({n, n}, options);
    auto c = torch::empty_like(a);
    const auto ms = measure(
        device, [&](std::int64_t) { torch::mm_out(c, a, b); }, 1, 10, Launch::kEager);
    result.matrix_operations = 2.0 * static_cast<double>(n * n * n) / ms.median;
  }
  int kilohertz = 0;
  C10_CUDA_CHECK(
      cudaDeviceGetAttribute(&kilohertz, cudaDevAttrClockRate, at::cuda::current_device()));
  const double cycles =
      static_cast<double>(kilohertz) *
      at::cuda::getCurrentDeviceProperties()->multiProcessorCount;  // a millisecond
  result.vector_operations = 128 * cycles;
  result.exponentials = 16 * cycles;
  return result;
}

}  // namespace omniq::bench
