#include "core/model/fusion/mamba.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>

#include "core/model/fusion/fusion.h"
#include "core/model/fusion/mamba2.h"

namespace omniq::model {
namespace {

using torch::Tensor;
using Parameters = std::map<std::string, Tensor>;

FusionOptions one_block(bool tied) {
  FusionOptions options;
  options.width = 32;
  options.depth = 1;
  options.d_state = 8;
  options.dropout = 0;
  options.tie_directions = tied;
  return options;
}

/// The fusion in float64 and its parameters, shaken so that no initial value hides a mistake.
std::pair<std::shared_ptr<Fusion>, Parameters> shaken(std::shared_ptr<Fusion> fusion) {
  const torch::NoGradGuard no_grad;
  initialise(*fusion, /*seed=*/1);
  fusion->to(torch::kDouble);
  Parameters parameters;
  for (auto& item : fusion->named_parameters()) {
    item.value().add_(0.2 * torch::randn_like(item.value()));
    parameters[item.key()] = item.value().detach();
  }
  return {fusion, parameters};
}

Tensor layer_norm(const Tensor& x, const Parameters& p, const std::string& name) {
  return torch::layer_norm(x, {x.size(-1)}, p.at(name + ".weight"), p.at(name + ".bias"));
}

/// S' = S + FFN(LN(H)), then the final LayerNorm.
Tensor finish_block(const Tensor& S, const Tensor& H, const Parameters& p) {
  const auto hidden =
      torch::silu(torch::linear(layer_norm(H, p, "block0.ffn_norm"), p.at("block0.ffn_up.weight"),
                                p.at("block0.ffn_up.bias")));
  return layer_norm(
      S + torch::linear(hidden, p.at("block0.ffn_down.weight"), p.at("block0.ffn_down.bias")), p,
      "norm");
}

/// SSM(x) of the specification, token by token; x [L, D] of one clip.
Tensor ssm(const Tensor& x, const Parameters& p, const std::string& name) {
  const auto W = [&](const char* what) { return p.at(name + what); };
  const std::int64_t L = x.size(0), E = W(".D_skip").size(0), N = W(".A_log").size(1),
                     R = W(".dt_proj.weight").size(1);
  const Tensor uz = torch::linear(x, W(".in_proj.weight"));
  const Tensor u_in = uz.narrow(1, 0, E), z = uz.narrow(1, E, E);
  const Tensor A = -torch::exp(W(".A_log"));
  Tensor h = torch::zeros({E, N}, x.options());
  std::vector<Tensor> out;
  for (std::int64_t t = 0; t < L; ++t) {
    Tensor u = W(".conv_bias").clone();
    for (std::int64_t k = 0; k < 4; ++k) {
      if (t - 3 + k >= 0) u = u + W(".conv_weight").select(1, k) * u_in[t - 3 + k];
    }
    u = torch::silu(u);
    const Tensor dBC = torch::linear(u, W(".x_proj.weight"));
    const Tensor delta = torch::softplus(
        torch::linear(dBC.narrow(0, 0, R), W(".dt_proj.weight"), W(".dt_proj.bias")));
    const Tensor B = dBC.narrow(0, R, N), C = dBC.narrow(0, R + N, N);
    h = torch::exp(delta.unsqueeze(1) * A) * h + (delta * u).unsqueeze(1) * B.unsqueeze(0);
    const Tensor y = torch::mv(h, C) + W(".D_skip") * u;
    out.push_back(torch::linear(y * torch::silu(z[t]), W(".out_proj.weight")));
  }
  return torch::stack(out);
}

void expect_equations(bool tied) {
  torch::manual_seed(3);
  const torch::NoGradGuard no_grad;
  const auto [fusion, p] = shaken(MambaVariant::make(one_block(tied)));
  const Tensor S = torch::randn({2, 7, 32}, torch::kDouble);
  const Tensor got = fusion->forward(S, {});
  const std::string first = tied ? "block0.mixer.ssm" : "block0.mixer.ssm_forward";
  const std::string second = tied ? "block0.mixer.ssm" : "block0.mixer.ssm_backward";
  for (std::int64_t b = 0; b < 2; ++b) {
    const Tensor normed = layer_norm(S[b], p, "block0.norm");
    const Tensor H = 0.5 * (ssm(normed, p, first) + ssm(normed.flip(0), p, second).flip(0));
    EXPECT_TRUE(torch::allclose(got[b], finish_block(S[b], H, p), 1e-9, 1e-10))
        << (tied ? "tied" : "untied");
  }
}

TEST(MambaFusion, IsItsEquationsWithTiedDirections) { expect_equations(true); }
TEST(MambaFusion, IsItsEquationsWithUntiedDirections) { expect_equations(false); }

TEST(MambaFusion, StartsAsS4DWithLogUniformSteps) {
  const auto fusion = MambaVariant::make(one_block(true));
  initialise(*fusion, /*seed=*/1);
  const auto p = fusion->named_parameters();
  const Tensor expected = torch::arange(1, 9, torch::kFloat).log().expand({64, 8});
  EXPECT_TRUE(torch::allclose(p["block0.mixer.ssm.A_log"], expected));
  EXPECT_TRUE(torch::equal(p["block0.mixer.ssm.D_skip"], torch::ones({64})));
  const Tensor step = torch::softplus(p["block0.mixer.ssm.dt_proj.bias"]);
  EXPECT_GE(step.min().item<float>(), 0.99e-3);
  EXPECT_LE(step.max().item<float>(), 1.01e-1);
}

// y_t = Σ_s w_ts (C_t · B_s) Δ_s u_s + D_skip u_t, written as the double loop that it is.
TEST(Mamba2Fusion, IsItsEquations) {
  torch::manual_seed(5);
  const torch::NoGradGuard no_grad;
  const auto [fusion, p] = shaken(Mamba2Variant::make(one_block(true)));
  constexpr std::int64_t L = 6, D = 32, E = 64, N = 8;  // one head of 64 channels
  const Tensor S = torch::randn({1, L, D}, torch::kDouble);
  const auto W = [&](const char* what) { return p.at(std::string("block0.mixer.") + what); };
  const Tensor x = torch::linear(layer_norm(S[0], p, "block0.norm"), W("in_proj.weight"));
  const Tensor z = x.narrow(1, 0, E), mixed_in = x.narrow(1, E, E + 2 * N),
               delta_in = x.narrow(1, 2 * E + 2 * N, 1);
  std::vector<Tensor> mixed;
  for (std::int64_t t = 0; t < L; ++t) {
    Tensor sum = W("conv_bias").clone();
    for (std::int64_t k = 0; k < 5; ++k) {
      const std::int64_t s = t + k - 2;
      if (s >= 0 && s < L) sum = sum + W("conv_weight").select(1, 0).select(1, k) * mixed_in[s];
    }
    mixed.push_back(torch::silu(sum));
  }
  std::vector<double> delta, a;
  for (std::int64_t t = 0; t < L; ++t) {
    delta.push_back(torch::softplus(delta_in[t] + W("dt_bias")).item<double>());
    a.push_back(-delta.back() * std::exp(W("A_log").item<double>()));
  }
  std::vector<Tensor> H;
  for (std::int64_t t = 0; t < L; ++t) {
    Tensor y = W("D_skip") * mixed[t].narrow(0, 0, E);
    for (std::int64_t s = 0; s < L; ++s) {
      double exponent = 0;
      for (std::int64_t k = s + 1; k <= t; ++k) exponent += a[k];  // s < t
      for (std::int64_t k = t; k < s; ++k) exponent += a[k];       // s > t
      const double w = s == t ? 1.0 : 0.5 * std::exp(exponent);
      const double cb = mixed[t].narrow(0, E + N, N).dot(mixed[s].narrow(0, E, N)).item<double>();
      y = y + w * cb * delta[s] * mixed[s].narrow(0, 0, E);
    }
    const Tensor gated = y * torch::silu(z[t]);
    const Tensor normed = gated / torch::sqrt(gated.square().mean() + 1e-5) * W("norm_weight");
    H.push_back(torch::linear(normed, W("out_proj.weight")));
  }
  const Tensor expected = finish_block(S[0], torch::stack(H), p);
  EXPECT_TRUE(torch::allclose(fusion->forward(S, {})[0], expected, 1e-6, 1e-7));
}

TEST(Mamba2Fusion, RefusesAWidthThatIsNoMultipleOfItsHeads) {
  FusionOptions options = one_block(true);
  options.width = 33;
  EXPECT_EQ(find_fusion("mamba2")->check(options).key, "fusion.expand");
}

}  // namespace
}  // namespace omniq::model
