#include "kernels/common/operator.h"
#include "kernels/selective_scan/impl.h"
#include "kernels/selective_scan/selective_scan.h"

namespace omniq::kernels {
namespace {

using detail::ScanInputs;

constexpr const char* kNames[] = {"u", "delta", "A", "B", "C", "D_skip", "delta_bias", "z"};
constexpr std::size_t kGate = 7;  // the place of z, the only one that may be undefined

// What exp(log((n + 1) a)) in float32 may differ by: the logarithm, up to about 8, is rounded to
// half of 2^-21.
constexpr double kRateTolerance = 1e-6;

variable_list to_list(const ScanInputs& in) {
  return {in.u, in.delta, in.A, in.B, in.C, in.D_skip, in.delta_bias, in.z, in.mask};
}

ScanInputs from_list(const variable_list& list) {
  return {list[0], list[1], list[2], list[3], list[4], list[5], list[6], list[7], list[8]};
}

struct SelectiveScan : torch::autograd::Function<SelectiveScan> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u, const at::Tensor& delta,
                            const at::Tensor& A, const at::Tensor& B, const at::Tensor& C,
                            const at::Tensor& D_skip, const at::Tensor& delta_bias,
                            const std::optional<at::Tensor>& z,
                            const std::optional<at::Tensor>& mask,
                            const std::optional<at::Tensor>& rates) {
    const ScanInputs in{u,
                        delta,
                        A,
                        B,
                        C,
                        D_skip,
                        delta_bias,
                        z.value_or(at::Tensor()),
                        mask.value_or(at::Tensor())};
    variable_list saved = to_list(in);
    if (u.is_cpu()) {
      context->save_for_backward(saved);
      return detail::selective_scan_cpu(in);
    }
    const at::Tensor rates_or_none = rates.value_or(at::Tensor());
    const auto [y, ungated] = detail::selective_scan_cuda(in, rates_or_none, /*with_ungated=*/true);
    saved.push_back(rates_or_none);
    saved.push_back(ungated);
    context->save_for_backward(saved);
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    detail::check_first_derivative("selective_scan");
    const variable_list saved = context->get_saved_variables();
    const ScanInputs in = from_list(saved);
    detail::ScanInputNeeds needed{};
    for (std::size_t i = 0; i < needed.size(); ++i) {
      needed[i] = (i != kGate || in.z.defined()) && context->needs_input_grad(i);
    }
    const auto grads = in.u.is_cpu()
                           ? detail::selective_scan_cpu_backward(in, grad_outputs[0], needed)
                           : detail::selective_scan_cuda_backward(in, saved[9], saved[10],
                                                                  grad_outputs[0], needed);
    variable_list result(grads.begin(), grads.end());
    result.resize(result.size() + 2);  // mask and rates
    return result;
  }
};

void check_shape(const char* name, const at::Tensor& x, at::IntArrayRef shape) {
  detail::check_shape("selective_scan", name, x, shape);
}

// `rest` after a first axis that is 1 or the number of directions.
void check_shared_shape(const char* name, const at::Tensor& x, std::int64_t directions,
                        std::vector<std::int64_t> rest) {
  TORCH_CHECK(x.dim() >= 1 && (x.size(0) == 1 || x.size(0) == directions), "selective_scan: ", name,
              " has shape ", x.sizes(), ", its first axis must be 1 or ", directions,
              " (directions)");
  rest.insert(rest.begin(), x.size(0));
  check_shape(name, x, rest);
}

void check(const ScanInputs& in, const at::Tensor& rates) {
  const auto tensors = to_list(in);
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    TORCH_CHECK(tensors[i].defined() || i == kGate, "selective_scan: ", kNames[i], " is undefined");
  }
  TORCH_CHECK(in.u.dim() == 4, "selective_scan: u has shape ", in.u.sizes(),
              ", expected [directions, clips, tokens, channels]");
  const auto R = in.u.size(0), clips = in.u.size(1), L = in.u.size(2), E = in.u.size(3);
  TORCH_CHECK((R == 1 || R == 2) && L >= 1 && E >= 1, "selective_scan: u has shape ", in.u.sizes(),
              ", expected 1 or 2 directions and at least one token and channel");
  TORCH_CHECK(in.A.dim() == 3 && in.A.size(2) >= 1, "selective_scan: A has shape ", in.A.sizes(),
              ", expected [directions or 1, channels, states]");
  const auto N = in.A.size(2);
  check_shape("delta", in.delta, {R, clips, L, E});
  check_shape("B", in.B, {R, clips, L, N});
  check_shape("C", in.C, {R, clips, L, N});
  check_shared_shape("A", in.A, R, {E, N});
  check_shared_shape("D_skip", in.D_skip, R, {E});
  check_shared_shape("delta_bias", in.delta_bias, R, {E});
  if (in.z.defined()) check_shared_shape("z", in.z, R, {clips, L, E});
  if (rates.defined()) {
    check_shape("rates", rates, {in.A.size(0), E});
    detail::check_argument("selective_scan", "rates", rates, in.u, "u");
    TORCH_CHECK(!detail::wants_gradient(in.A),
                "selective_scan: rates are given but A needs a gradient");
  }
  TORCH_CHECK(
      !in.u.is_cpu() || in.u.scalar_type() == at::kFloat || in.u.scalar_type() == at::kDouble,
      "selective_scan: u has dtype ", in.u.scalar_type(),
      ", expected float32 or float64 on the CPU");
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (tensors[i].defined()) {
      detail::check_argument("selective_scan", kNames[i], tensors[i], in.u, "u");
    }
  }
  detail::check_mask("selective_scan", in.mask, {clips, L}, in.u, "u");
}

}  // namespace

at::Tensor selective_scan(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                          const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                          const at::Tensor& delta_bias, const std::optional<at::Tensor>& z,
                          const std::optional<at::Tensor>& mask,
                          const std::optional<at::Tensor>& rates) {
  const ScanInputs in{
      u, delta, A, B, C, D_skip, delta_bias, z.value_or(at::Tensor()), mask.value_or(at::Tensor())};
  check(in, rates.value_or(at::Tensor()));
  TORCH_CHECK(u.is_cpu() || u.is_cuda(), "selective_scan: no implementation for ", u.device());
  if (u.is_cuda() && !detail::has_cuda_kernels(in)) return detail::selective_scan_composite(in);
  if (detail::wants_gradient(to_list(in))) {
    return SelectiveScan::apply(u, delta, A, B, C, D_skip, delta_bias, z, mask, rates);
  }
  if (u.is_cpu()) return detail::selective_scan_cpu(in);
  return detail::selective_scan_cuda(in, rates.value_or(at::Tensor()), /*with_ungated=*/false).y;
}

std::optional<at::Tensor> linear_rates(const at::Tensor& A) {
  TORCH_CHECK(A.dim() == 3 && A.size(2) >= 1 && at::isFloatingType(A.scalar_type()),
              "linear_rates: A has shape ", A.sizes(), " and dtype ", A.scalar_type(),
              ", expected [sets, channels, states] of a floating type");
  const at::Tensor exact = A.detach().to(at::kDouble);
  const at::Tensor order = at::arange(1, A.size(2) + 1, exact.options());
  const at::Tensor rates = (-exact / order).mean(-1).to(at::kFloat);
  const at::Tensor expected = -rates.to(at::kDouble).unsqueeze(-1) * order;
  // NaN compares false.
  const bool linear =
      ((exact - expected).abs() <= kRateTolerance * expected.abs()).all().item<bool>();
  return linear ? std::optional(rates) : std::nullopt;
}

std::string scan_path(const at::Tensor& A, const std::optional<at::Tensor>& rates,
                      at::ScalarType type) {
  if (!A.is_cuda() || !rates) return "general";
  const c10::DeviceGuard guard(A.device());
  if (!detail::has_tensor_core_scan(type, A.size(2))) return "linear rates";
  return detail::has_tensor_core_scan_backward(type, A.size(2))
             ? "linear rates, tensor cores"
             : "linear rates, tensor cores forward";
}

}  // namespace omniq::kernels
