#include "app/bench/limits.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <torch/types.h>

#include <algorithm>

#include "app/bench/timing.h"
#include "core/model/fusion/mamba.h"
#include "kernels/selective_scan/selective_scan_impl.h"
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

double fusion_limit(const std::string& name, std::int64_t clips, std::int64_t length,
                    const model::FusionOptions& o, const Ceilings& c, at::ScalarType dtype,
                    double parameter_bytes, Pass pass) {
  const auto d = static_cast<double>(o.width), L = static_cast<double>(length);
  const double E = d * static_cast<double>(o.expand), N = static_cast<double>(o.d_state);
  double products = 8 * d * d;  // of the FFN, for a token
  double instructions = 0;      // of the scan
  if (name == "transformer") products += 4 * d * d + 2 * L * d;
  if (name == "mamba") {
    const auto rank = static_cast<double>(model::mamba_dt_rank(o.width));
    products += 3 * d * E + 2 * E * (2 * rank + 2 * N);
    const ScanWork scan =
        scan_work(o.d_state, pass != Pass::kBackward &&
                                 kernels::detail::has_tensor_core_scan(dtype, o.d_state));
    products += E * scan.products;  // both directions; two operations each
    instructions = 2 * E * scan.instructions;
  }
  if (name == "mamba2") products += 3 * d * E + 2 * d * N + 4 * E * N;
  if (name == "gated_conv") products += 6 * d * d;
  if (name == "average") products = 0;
  const double tokens = static_cast<double>(clips * length * o.depth);
  const double arithmetic =
      tokens * (2 * products / c.matrix_operations + instructions / c.vector_operations);
  const double moved = (parameter_bytes + 4 * d * static_cast<double>(clips) * L) / c.bytes;
  return std::max(arithmetic, moved) * (pass == Pass::kForward ? 1 : 3);
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
