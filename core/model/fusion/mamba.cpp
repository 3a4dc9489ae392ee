#include "core/model/fusion/mamba.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/model/fusion/derived.h"
#include "core/model/fusion/fusion.h"
#include "kernels/causal_conv1d/causal_conv1d.h"
#include "kernels/selective_scan/selective_scan.h"

namespace omniq::model {
namespace {

/// The mean over the first axis, of two. Torch's own gradients of its halves are two tensors of the
/// whole size, mostly zeros, and their sum.
class MeanOfDirections : public torch::autograd::Function<MeanOfDirections> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext*, const torch::Tensor& y) {
    return torch::lerp(y[0], y[1], 0.5);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::variable_list& gradients) {
    const torch::Tensor of_each = 0.5 * gradients[0];
    std::vector<std::int64_t> shape = of_each.sizes().vec();
    shape.insert(shape.begin(), 2);
    return {of_each.unsqueeze(0).expand(shape)};
  }
};

/// The parameters of one selective state-space layer (Mamba-1; Gu and Dao, 2023). Both directions
/// use one of these (tied) or one each.
struct Ssm : InitialisedModule {
  Ssm(std::int64_t d, std::int64_t inner, std::int64_t states) : dt_rank(MambaVariant::dt_rank(d)) {
    in_proj = register_module("in_proj", std::make_shared<Linear>(d, 2 * inner, /*bias=*/false));
    conv_weight = random_parameter("conv_weight", {inner, MambaVariant::kConvWidth},
                                   uniform_by_fan_in(MambaVariant::kConvWidth));
    conv_bias = random_parameter("conv_bias", {inner}, uniform_by_fan_in(MambaVariant::kConvWidth));
    x_proj = register_module("x_proj",
                             std::make_shared<Linear>(inner, dt_rank + 2 * states, /*bias=*/false));
    dt_proj = register_module("dt_proj", std::make_shared<Linear>(dt_rank, inner));
    dt_proj->starts_as("weight", uniform_by_fan_in(dt_rank));
    dt_proj->starts_as("bias", step_bias());
    // A = −(n+1) for every channel (S4D-real).
    A_log = register_parameter(
        "A_log", torch::arange(1, states + 1, torch::kFloat32).log().repeat({inner, 1}));
    set_role("A_log", Role::rates);
    D_skip = register_parameter("D_skip", torch::ones({inner}));
    out_proj = register_module("out_proj", std::make_shared<Linear>(inner, d, /*bias=*/false));
  }

  /// What the scan needs from the convolved u [R, B, L, E]: δ [R, B, L, E] without bias, B and C
  /// [R, B, L, N].
  std::vector<torch::Tensor> project(const torch::Tensor& u) {
    const std::int64_t states = A_log.size(1);
    const auto parts = x_proj->forward(u).split_with_sizes({dt_rank, states, states}, -1);
    return {dt_proj->forward_without_bias(parts[0]), parts[1], parts[2]};
  }

  torch::Tensor A() const { return -torch::exp(A_log); }

  std::int64_t dt_rank;
  std::shared_ptr<Linear> in_proj, x_proj, dt_proj, out_proj;
  torch::Tensor conv_weight, conv_bias, A_log, D_skip;
};

/// H = ½ (SSM(x) + reverse(SSM(reverse(x)))). Nothing is flipped in memory: the operators run the
/// second direction from the last token to the first.
class MambaMixer : public TokenLayer, public Scanning {
  using Tensor = torch::Tensor;

 public:
  explicit MambaMixer(const FusionOptions& options) {
    const std::int64_t inner = options.expand * options.width;
    const auto add = [&](const char* name) {
      ssm_.push_back(
          register_module(name, std::make_shared<Ssm>(options.width, inner, options.d_state)));
    };
    if (options.tie_directions) {
      add("ssm");
    } else {
      add("ssm_forward");
      add("ssm_backward");
    }
  }

  torch::Tensor forward(const torch::Tensor& x, const std::optional<torch::Tensor>& mask) override {
    // With tied directions the input projection is computed once.
    const auto uz = gather([&](Ssm& s) { return s.in_proj->forward(x); }).chunk(2, -1);
    const auto u = kernels::causal_conv1d(
        uz[0],
        of_conv_weight_.get(all(&Ssm::conv_weight),
                            [&] {
                              const Tensor taps = gather([](Ssm& s) { return s.conv_weight; });
                              return at_least_float(taps).transpose(1, 2).contiguous().transpose(1,
                                                                                                 2);
                            }),
        parameter(of_conv_bias_, &Ssm::conv_bias), /*directions=*/2, mask);
    std::vector<Tensor> scan;  // δ, B, C of both directions
    if (ssm_.size() == 1) {
      scan = ssm_[0]->project(u);
    } else {
      const auto first = ssm_[0]->project(u[0]), second = ssm_[1]->project(u[1]);
      for (std::size_t i = 0; i < 3; ++i) scan.push_back(torch::stack({first[i], second[i]}));
    }
    const Tensor A = rate_matrix();
    const auto dt_bias = of_dt_bias_.get(
        biases(), [&] { return gather([](Ssm& s) { return at_least_float(s.dt_proj->bias); }); });
    const auto y = kernels::selective_scan(u, scan[0], A, scan[1], scan[2],
                                           parameter(of_D_skip_, &Ssm::D_skip), dt_bias, uz[1],
                                           mask, rates(A));
    // The projection is linear, so with tied directions it is applied once to the mean.
    if (ssm_.size() == 1) return ssm_[0]->out_proj->forward(MeanOfDirections::apply(y));
    return torch::lerp(ssm_[0]->out_proj->forward(y[0]), ssm_[1]->out_proj->forward(y[1]), 0.5);
  }

  std::string scan_path(torch::Dtype type) override {
    const Tensor A = rate_matrix();
    return kernels::scan_path(A, rates(A), type);
  }

 private:
  Tensor rate_matrix() {
    return of_A_.get(all(&Ssm::A_log), [&] { return gather([](Ssm& s) { return s.A(); }); });
  }

  // P parameter sets: one, or one for each direction.
  template <typename Get>
  Tensor gather(Get get) {
    std::vector<Tensor> parts;
    for (auto& ssm : ssm_) parts.push_back(get(*ssm));
    return parts.size() == 1 ? parts[0].unsqueeze(0) : torch::stack(parts);
  }
  std::vector<Tensor> all(Tensor Ssm::*member) {
    std::vector<Tensor> result;
    for (auto& ssm : ssm_) result.push_back((*ssm).*member);
    return result;
  }
  std::vector<Tensor> biases() {
    std::vector<Tensor> result;
    for (auto& ssm : ssm_) result.push_back(ssm->dt_proj->bias);
    return result;
  }
  /// That parameter of all sets, as the kernels take it.
  Tensor parameter(Derived& derived, Tensor Ssm::*member) {
    return derived.get(all(member),
                       [&] { return gather([&](Ssm& s) { return at_least_float(s.*member); }); });
  }

  /// kernels::linear_rates(A) where the scan can use it: on a GPU, where A needs no gradient.
  std::optional<Tensor> rates(const Tensor& A) {
    const bool trains = torch::GradMode::is_enabled() && A.requires_grad();
    if (!A.is_cuda() || trains || A.is_inference()) return std::nullopt;
    const Tensor found = of_rates_.get(all(&Ssm::A_log),
                                       [&] { return kernels::linear_rates(A).value_or(Tensor()); });
    return found.defined() ? std::optional(found) : std::nullopt;
  }

  std::vector<std::shared_ptr<Ssm>> ssm_;
  Derived of_conv_weight_, of_conv_bias_, of_A_, of_D_skip_, of_dt_bias_, of_rates_;
};

}  // namespace

std::shared_ptr<Fusion> MambaVariant::make(const FusionOptions& options) {
  return make_mixer_stack(options, [&] { return std::make_shared<MambaMixer>(options); });
}

}  // namespace omniq::model
