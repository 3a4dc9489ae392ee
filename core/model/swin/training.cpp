#include "core/model/swin/training.h"

#include <ATen/autocast_mode.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <numeric>

#include "core/base/text.h"
#include "core/model/recomputed.h"
#include "core/model/swin/kernel_path.h"
#include "kernels/column_sums/column_sums.h"
#include "kernels/gelu_linear/gelu_linear.h"
#include "kernels/patch_rows/patch_rows.h"
#include "kernels/residual_unit_norm/residual_unit_norm.h"
#include "kernels/window_attention/window_attention.h"

namespace omniq::model {
namespace {

using kernels::Branch;

struct Layer {
  at::Tensor weight;  // [out, in], in the dtype of tokens
  at::Tensor bias;    // [out], as the parameter is
};

// tokens [..., in] → [..., out]
at::Tensor project(const at::Tensor& tokens, const at::Tensor& weight,
                   const at::Tensor& bias = {}) {
  std::vector<std::int64_t> shape = tokens.sizes().vec();
  shape.back() = weight.size(0);
  return kernels::linear(tokens.flatten(0, -2), weight, bias).view(shape);
}

}  // namespace

// One forward pass: the stream of tokens [n, H, W, C], and the branch that is to be added to it by
// the norm that comes next.
class SwinTraining::Pass {
 public:
  Pass(const SwinTraining& encoder, const at::Tensor& keep, at::ScalarType dtype, bool recompute)
      : options_(encoder.options_),
        parameters_(encoder.parameters_),
        recompute_(recompute),
        dtype_(dtype) {
    if (keep.defined()) keep_ = keep.unbind(0);
  }

  at::Tensor features(const at::Tensor& frames) {
    embed(frames);
    int child = 1;
    for (std::size_t i = 0; i < options_.depths.size(); ++i) {
      const std::string stage = cat("features.", child++, ".");
      for (std::int64_t j = 0; j < options_.depths[i]; ++j) {
        block(cat(stage, j, "."), j % 2 == 1 ? options_.window / 2 : 0,
              (options_.width << i) / options_.heads[i]);
      }
      if (i + 1 < options_.depths.size()) merge(cat("features.", child++, "."));
    }
    const auto type = dtype_ == at::kDouble ? at::kDouble : at::kFloat;
    return at::addcmul(find("norm.bias").to(type), normed().flatten(1, 2).mean(1, false, type),
                       find("norm.weight").to(type));
  }

 private:
  const at::Tensor& find(const std::string& name) const {
    const auto found = parameters_.find(name);
    TORCH_CHECK(found != parameters_.end(), "SwinTraining: there is no parameter ", name);
    return found->second;
  }
  at::Tensor half(const at::Tensor& x) const { return x.to(dtype_); }

  /// A linear layer with the norm before it as one on tokens that are centred and scaled alone.
  Layer behind_norm(const std::string& norm, const std::string& layer) const {
    const at::Tensor& weight = find(layer + "weight");
    const at::Tensor shift = weight.mv(find(norm + "bias"));
    const auto bias = parameters_.find(layer + "bias");
    return {half(weight * find(norm + "weight")),
            bias == parameters_.end() ? shift : bias->second + shift};
  }

  /// The stream with the branch, normed; the branch is then part of the stream.
  at::Tensor normed() {
    auto [sum, result] = kernels::residual_unit_norm(stream_, branch_);
    stream_ = sum;
    branch_ = {};
    return result;
  }

  /// Stochastic depth's factors of the next branch; undefined for ones.
  at::Tensor next_keep() {
    return keep_.empty() ? at::Tensor() : keep_.at(static_cast<std::size_t>(branches_++));
  }

  void embed(const at::Tensor& frames) {
    const swin::PatchLayer layer = swin::patch_layer(
        find("features.0.0.weight"), find("features.0.0.bias"), frames.scalar_type() == at::kByte);
    const at::Tensor patches = project(kernels::patch_rows(frames, options_.patch, dtype_),
                                       half(layer.weight), half(layer.bias));
    stream_ = at::addcmul(half(find("features.0.2.bias")),
                          kernels::residual_unit_norm(patches, {}).normed,
                          half(find("features.0.2.weight")));
  }

  void block(const std::string& name, std::int64_t shift, std::int64_t head_width) {
    const Layer qkv = behind_norm(name + "norm1.", name + "attn.qkv.");
    const at::Tensor of_attention = next_keep();
    const std::int64_t window = options_.window;
    // Padding is of zeros, behind the norm: all that is left of them is the layer's bias.
    const at::Tensor attended = run(
        [=](const std::vector<at::Tensor>& in) {
          return kernels::window_attention(project(in[0], in[1], in[2]),
                                           kernels::make_window_bias(in[3], window, head_width),
                                           in[4], shift, of_attention);
        },
        {normed(), qkv.weight, half(qkv.bias), find(name + "attn.relative_position_bias_table"),
         half(find(name + "attn.qkv.bias"))});
    branch_ = {project(attended, half(find(name + "attn.proj.weight"))),
               find(name + "attn.proj.bias"), of_attention};

    const Layer expand = behind_norm(name + "norm2.", name + "mlp.0.");
    const at::Tensor of_mlp = next_keep();
    const at::Tensor shrunk = run(
        [=](const std::vector<at::Tensor>& in) {
          return kernels::gelu_linear(project(in[0], in[1]), in[2], in[3], of_mlp);
        },
        {normed(), expand.weight, expand.bias, half(find(name + "mlp.3.weight"))});
    branch_ = {shrunk, find(name + "mlp.3.bias"), of_mlp};
  }

  at::Tensor run(const TensorFunction& f, const std::vector<at::Tensor>& inputs) const {
    return recompute_ ? recomputed(f, inputs) : f(inputs);
  }

  void merge(const std::string& name) {
    const Layer reduction = behind_norm(name + "norm.", name + "reduction.");
    stream_ = project(kernels::merged_residual_unit_norm(stream_, branch_), reduction.weight,
                      half(reduction.bias));
    branch_ = {};
  }

  const SwinOptions& options_;
  const std::map<std::string, at::Tensor>& parameters_;
  bool recompute_;
  at::ScalarType dtype_;
  std::vector<at::Tensor> keep_;  // of each branch; empty for ones
  std::int64_t branches_ = 0;     // so far
  at::Tensor stream_;
  Branch branch_;
};

SwinTraining::SwinTraining(const SwinImpl& encoder) : options_(encoder.options()) {
  for (const auto& item : encoder.named_parameters()) {
    parameters_.emplace(item.key(), item.value());
  }
}

at::Tensor SwinTraining::features(const at::Tensor& frames, const at::Tensor& keep,
                                  at::ScalarType dtype, bool recompute) const {
  swin::check_frames("SwinTraining", options_, frames);
  TORCH_CHECK(!at::GradMode::is_enabled() || !frames.requires_grad(),
              "SwinTraining: features are differentiable in parameters, not in frames; frames must "
              "not require a gradient");
  const std::int64_t branches =
      2 * std::accumulate(options_.depths.begin(), options_.depths.end(), std::int64_t{0});
  TORCH_CHECK(!keep.defined() || keep.sizes() == at::IntArrayRef({branches, frames.size(0)}),
              "SwinTraining: keep must be [", branches, ", ", frames.size(0),
              "], of branches and frames, got ", keep.sizes());
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  return Pass(*this, keep, dtype, recompute).features(frames);
}

}  // namespace omniq::model
