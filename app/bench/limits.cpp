#include "app/bench/limits.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <torch/types.h>

#include <algorithm>

#include "app/bench/timing.h"
#include "kernels/selective_scan/impl.h"
#include "kernels/selective_scan/powers.h"

namespace omniq::bench {
namespace {

ScanWork forward_scan(std::int64_t states, at::ScalarType dtype, Rates rates) {
  namespace scan = kernels::detail;
  const auto N = static_cast<double>(states);
  const bool linear = rates == Rates::kLinear;
  // Every state: a decay, an input, an update and a share of y.
  if (!linear || !scan::has_tensor_core_scan(dtype, states)) return {0, 4 * N, linear ? 0 : N};
  // A block of 16 states and two of ten powers of the decay, for y and for the states; and once in
  // eight tokens the decay of every state, and what that is multiplied by. For each of the powers:
  // itself for y, for the token and for the states, and a share of y.
  const double items = scan::power_items(static_cast<int>(states) / scan::kBlockStates);
  return {2 * 2 * 2.0 * scan::kBlockStates * items, 2 * N / 8 + 4.0 * scan::kPowerNodes, 0};
}

}  // namespace

ScanWork scan_work(std::int64_t states, at::ScalarType dtype, Rates rates, bool backward) {
  ScanWork work = forward_scan(states, dtype, rates);
  if (!backward) return work;
  const auto N = static_cast<double>(states);
  const bool linear = rates == Rates::kLinear;
  if (linear && kernels::detail::has_tensor_core_scan_backward(dtype, states)) {
    // Three times what forward does: the states again, and as much as they take for their
    // gradients, which go on like them, are read like them, and are summed over channels as they
    // are.
    work.products *= 4;
    work.instructions *= 4;
    return work;
  }
  // Every state: an update again, nine more (ten with a gradient of A).
  work.instructions += N * (linear ? 12 : 13);
  work.exponentials *= 3;
  return work;
}

double encoder_limit(const model::SwinOptions& o, std::int64_t frames, std::int64_t size,
                     double frame_bytes, const Ceilings& c) {
  const auto width = static_cast<double>(o.width), patch = static_cast<double>(o.patch);
  const double window = static_cast<double>(o.window * o.window);
  double tokens = static_cast<double>(frames * (size / o.patch) * (size / o.patch));
  double ms = std::max(2 * tokens * patch * patch * 3 * width / c.matrix_operations,
                       (static_cast<double>(frames) * frame_bytes + 2 * tokens * width) / c.bytes);
  for (std::size_t i = 0; i < o.depths.size(); ++i) {
    const double w = width * static_cast<double>(1 << i);
    const double block = std::max(
        2 * tokens * ((4 + 2 * o.mlp_ratio) * w * w + 2 * window * w) / c.matrix_operations,
        2 * 2 * tokens * w / c.bytes);
    ms += static_cast<double>(o.depths[i]) * block;
    if (i + 1 == o.depths.size()) break;
    tokens /= 4;
    ms += std::max(2 * tokens * 8 * w * w / c.matrix_operations, 2 * tokens * 6 * w / c.bytes);
  }
  return ms;
}

double fusion_limit(const model::FusionKind& kind, std::int64_t clips, std::int64_t length,
                    const model::FusionOptions& o, const Ceilings& c, at::ScalarType dtype,
                    double parameter_bytes, Pass pass) {
  const model::FusionSize size = kind.size(o);
  const bool backward = pass != Pass::kForward;
  const double passes = backward ? 3 : 1;
  std::int64_t products = size.products + size.pair_products * length;  // for a token
  for (const auto& linear : size.linears) products += linear.in * linear.out;
  double scans = 0;  // milliseconds, for a token
  if (size.scans > 0) {
    const auto rates = pass == Pass::kBackward ? Rates::kGeneral : Rates::kLinear;
    const ScanWork scan = scan_work(o.d_state, dtype, rates, backward);
    scans = static_cast<double>(size.scans) *
            (scan.products / c.matrix_operations +
             std::max(scan.instructions / c.vector_operations, scan.exponentials / c.exponentials));
  }
  const auto tokens = static_cast<double>(clips * length);
  const double arithmetic =
      tokens * (passes * 2 * static_cast<double>(products) / c.matrix_operations + scans);
  const double moved = (parameter_bytes + 4 * static_cast<double>(o.width) * tokens) / c.bytes;
  return std::max(arithmetic, passes * moved);
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
