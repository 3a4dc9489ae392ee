#include <torch/csrc/autograd/custom_function.h>

#include "kernels/selective_scan/selective_scan.h"
#include "kernels/selective_scan/selective_scan_impl.h"

namespace omniq::kernels {
namespace {

using detail::ScanInputs;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr const char* kNames[] = {"u", "delta", "A", "B", "C", "D_skip", "delta_bias", "z"};
constexpr std::size_t kGate = 7;  // the place of z, the only one that may be undefined

variable_list to_list(const ScanInputs& in) {
  return {in.u, in.delta, in.A, in.B, in.C, in.D_skip, in.delta_bias, in.z, in.mask};
}

ScanInputs from_list(const variable_list& list) {
  return {list[0], list[1], list[2], list[3], list[4], list[5], list[6], list[7], list[8]};
}

class SelectiveScanCpu : public torch::autograd::Function<SelectiveScanCpu> {
 public:
  // z and mask are optional here because an undefined tensor cannot be an argument.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u, const at::Tensor& delta,
                            const at::Tensor& A, const at::Tensor& B, const at::Tensor& C,
                            const at::Tensor& D_skip, const at::Tensor& delta_bias,
                            const std::optional<at::Tensor>& z,
                            const std::optional<at::Tensor>& mask) {
    const ScanInputs in{u,
                        delta,
                        A,
                        B,
                        C,
                        D_skip,
                        delta_bias,
                        z.value_or(at::Tensor()),
                        mask.value_or(at::Tensor())};
    context->save_for_backward(to_list(in));
    return detail::selective_scan_cpu(in);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    TORCH_CHECK(!at::GradMode::is_enabled(),
                "selective_scan: second derivatives are not implemented");
    const ScanInputs in = from_list(context->get_saved_variables());
    detail::ScanInputNeeds needed{};
    for (std::size_t i = 0; i < needed.size(); ++i) {
      needed[i] = (i != kGate || in.z.defined()) && context->needs_input_grad(i);
    }
    const auto grads = detail::selective_scan_cpu_backward(in, grad_outputs[0], needed);
    variable_list result(grads.begin(), grads.end());
    result.emplace_back();
    return result;
  }
};

void check_shape(const char* name, const at::Tensor& x, at::IntArrayRef expected) {
  TORCH_CHECK(x.sizes() == expected, "selective_scan: ", name, " has shape ", x.sizes(),
              ", expected ", expected);
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

void check(const ScanInputs& in) {
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
  if (in.mask.defined()) {
    check_shape("mask", in.mask, {clips, L});
    TORCH_CHECK(in.mask.scalar_type() == at::kBool, "selective_scan: mask has dtype ",
                in.mask.scalar_type(), ", expected bool");
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) continue;
    const char* name = i < std::size(kNames) ? kNames[i] : "mask";
    TORCH_CHECK(tensors[i].device() == in.u.device(), "selective_scan: ", name, " is on ",
                tensors[i].device(), " but u is on ", in.u.device());
    if (i == 8) continue;
    if (in.u.is_cpu()) {
      TORCH_CHECK(in.u.scalar_type() == at::kFloat || in.u.scalar_type() == at::kDouble,
                  "selective_scan: u has dtype ", in.u.scalar_type(),
                  ", expected float32 or float64 on the CPU");
      TORCH_CHECK(tensors[i].scalar_type() == in.u.scalar_type(), "selective_scan: ", name,
                  " has dtype ", tensors[i].scalar_type(), " but u has ", in.u.scalar_type());
    } else {
      TORCH_CHECK(at::isFloatingType(tensors[i].scalar_type()), "selective_scan: ", name,
                  " has dtype ", tensors[i].scalar_type(), ", expected a floating type");
    }
  }
}

}  // namespace

at::Tensor selective_scan(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                          const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                          const at::Tensor& delta_bias, const std::optional<at::Tensor>& z,
                          const std::optional<at::Tensor>& mask) {
  const ScanInputs in{
      u, delta, A, B, C, D_skip, delta_bias, z.value_or(at::Tensor()), mask.value_or(at::Tensor())};
  check(in);
  if (u.is_cuda()) return detail::selective_scan_composite(in);
  TORCH_CHECK(u.is_cpu(), "selective_scan: no implementation for ", u.device());
  const auto list = to_list(in);
  const bool differentiable =
      at::GradMode::is_enabled() && std::any_of(list.begin(), list.end(), [](const at::Tensor& x) {
        return x.defined() && x.requires_grad();
      });
  if (!differentiable) return detail::selective_scan_cpu(in);
  return SelectiveScanCpu::apply(u, delta, A, B, C, D_skip, delta_bias, z, mask);
}

}  // namespace omniq::kernels
