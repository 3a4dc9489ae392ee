#include "core/model/swin/inference.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <functional>

#include "core/base/text.h"
#include "core/model/swin/kernel_path.h"
#include "kernels/patch_rows/patch_rows.h"
#include "kernels/token_linear/token_linear.h"
#include "kernels/token_mlp/token_mlp.h"
#include "kernels/token_norm/token_norm.h"
#include "kernels/window_attention/window_attention.h"

namespace omniq::model {
namespace {

using kernels::TokenLinear;
using kernels::TokenMlp;
using kernels::TokenNorm;
using kernels::WindowBias;
using Find = std::function<at::Tensor(const std::string& name)>;

// A linear layer as matrix products take it: x · weight + bias.
struct Product {
  at::Tensor weight;  // [in, out]
  at::Tensor bias;    // [out]
};

// Biases that would be added to the residual stream are added where it is read instead: a product
// can add to the stream in place, but not with a bias too. They are the `offset` of later norms.
struct BlockWeights {
  TokenLinear qkv;
  WindowBias bias;
  std::int64_t shift;
  at::Tensor proj;  // [in, out]
  TokenMlp mlp;
};

struct StageWeights {
  std::vector<BlockWeights> blocks;
  TokenNorm merge_norm;  // of all stages but the last
  at::Tensor reduction;  // [4C, 2C]
};

// As one row for each token.
at::Tensor rows(const at::Tensor& map) { return map.flatten(0, -2); }

// Of the norm of tokens x, without the projection behind it; q, k and v do not outlive it.
at::Tensor attended(const BlockWeights& w, const at::Tensor& x) {
  std::vector<std::int64_t> map = x.sizes().vec();
  map.back() = 3 * x.size(3);
  const at::Tensor qkv = kernels::token_linear(rows(x), w.qkv);
  return kernels::window_attention(qkv.view(map), w.bias, w.qkv.bias, w.shift);
}

void run_block(const BlockWeights& w, const at::Tensor& x) {
  at::Tensor tokens = rows(x);
  tokens.addmm_(rows(attended(w, x)), w.proj);
  kernels::token_mlp_(tokens, w.mlp);
}

}  // namespace

struct SwinInference::Weights {
  at::ScalarType dtype;
  Product of_frames, of_bytes;  // the patch embedding
  TokenNorm patch_norm, last_norm;
  std::vector<StageWeights> stages;

  Weights(const SwinOptions& options, at::ScalarType dtype, const Find& find);
};

SwinInference::Weights::Weights(const SwinOptions& options, at::ScalarType of, const Find& find)
    : dtype(of) {
  const auto half = [&](const at::Tensor& x) { return x.to(dtype).contiguous(); };
  const auto single = [&](const std::string& name) {
    return find(name).to(at::kFloat, false, true);
  };
  const auto transposed = [&](const std::string& name) {
    return find(name).to(dtype, false, true).t();  // as it lies, seen from the other side
  };
  at::Tensor offset;  // of the residual stream so far
  const auto norm = [&](const std::string& name) {
    return TokenNorm{single(name + ".weight"), single(name + ".bias"), offset};
  };
  const auto add_to_offset = [&](const std::string& name) {
    const at::Tensor bias = single(name);
    offset = offset.defined() ? offset + bias : bias;
  };

  const at::Tensor patches = find("features.0.0.weight"), bias = find("features.0.0.bias");
  const auto of_patches = [&](bool bytes) {
    const swin::PatchLayer layer = swin::patch_layer(patches, bias, bytes);
    return Product{layer.weight.to(dtype, false, true).t(), half(layer.bias)};
  };
  of_frames = of_patches(false);
  if (options.in_channels == 3) of_bytes = of_patches(true);
  patch_norm = norm("features.0.2");
  int child = 1;
  for (std::size_t i = 0; i < options.depths.size(); ++i) {
    StageWeights& stage = stages.emplace_back();
    const std::string features = cat("features.", child++, ".");
    for (std::int64_t j = 0; j < options.depths[i]; ++j) {
      const std::string block = cat(features, j, ".");
      BlockWeights w;
      w.qkv = kernels::make_token_linear(norm(block + "norm1"), find(block + "attn.qkv.weight"),
                                         find(block + "attn.qkv.bias"), dtype);
      w.bias = kernels::make_window_bias(single(block + "attn.relative_position_bias_table"),
                                         options.window, (options.width << i) / options.heads[i]);
      w.shift = j % 2 == 1 ? options.window / 2 : 0;
      w.proj = transposed(block + "attn.proj.weight");
      add_to_offset(block + "attn.proj.bias");
      w.mlp =
          kernels::make_token_mlp(norm(block + "norm2"), find(block + "mlp.0.weight"),
                                  find(block + "mlp.0.bias"), find(block + "mlp.3.weight"), dtype);
      add_to_offset(block + "mlp.3.bias");
      stage.blocks.push_back(std::move(w));
    }
    if (i + 1 == options.depths.size()) break;
    const std::string merge = cat("features.", child++, ".");
    stage.merge_norm = norm(merge + "norm");
    stage.reduction = transposed(merge + "reduction.weight");
    offset = at::Tensor();
  }
  last_norm = norm("norm");
}

SwinInference::SwinInference(SwinImpl& encoder, bool graphs)
    : options_(encoder.options()), uses_graphs_(graphs) {
  for (const auto& item : encoder.named_parameters()) {
    names_.push_back(item.key());
    parameters_.push_back(item.value());
  }
}
SwinInference::~SwinInference() = default;

void SwinInference::refresh(c10::Device device, at::ScalarType dtype) {
  std::vector<CopySource> source;
  source.reserve(parameters_.size());
  for (const at::Tensor& p : parameters_) source.push_back(copy_source(p, device, dtype));
  if (weights_ && source == source_) return;
  graphs_.clear();
  weights_ = std::make_unique<Weights>(options_, dtype, [&](const std::string& name) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    TORCH_CHECK(found != names_.end(), "SwinInference: there is no parameter ", name);
    return parameters_[static_cast<std::size_t>(found - names_.begin())].detach().to(device);
  });
  source_ = std::move(source);
  at::cuda::getCurrentCUDAStream().synchronize();  // other streams may use them from now on
}

at::Tensor SwinInference::embed(const at::Tensor& frames) const {
  const Product& product =
      frames.scalar_type() == at::kByte ? weights_->of_bytes : weights_->of_frames;
  const at::Tensor patches = kernels::patch_rows(frames, options_.patch, weights_->dtype);
  const at::Tensor tokens = at::addmm(product.bias, rows(patches), product.weight);
  return kernels::token_norm(tokens, weights_->patch_norm)
      .view({patches.size(0), patches.size(1), patches.size(2), options_.width});
}

at::Tensor SwinInference::run(const at::Tensor& frames) const {
  at::Tensor x = embed(frames);
  for (const StageWeights& stage : weights_->stages) {
    for (const BlockWeights& block : stage.blocks) run_block(block, x);
    if (!stage.reduction.defined()) break;
    const at::Tensor merged = kernels::merged_token_norm(x, stage.merge_norm);
    x = at::mm(rows(merged), stage.reduction)
            .view({merged.size(0), merged.size(1), merged.size(2), merged.size(3) / 2});
  }
  return kernels::mean_token_norm(x.flatten(1, 2), weights_->last_norm);
}

at::Tensor SwinInference::features(const at::Tensor& frames, at::ScalarType dtype) {
  swin::check_frames("SwinInference", options_, frames);
  TORCH_CHECK(frames.is_cuda(), "SwinInference: frames must be on a GPU, got ", frames.device());
  TORCH_CHECK(dtype == at::kBFloat16 || dtype == at::kHalf,
              "SwinInference: computes in BFloat16 or Half, not in ", dtype);
  // Tensors that stay are no tensors of inference mode: those could not be written to outside of
  // it.
  const c10::InferenceMode normal(false);
  const torch::NoGradGuard no_grad;
  const c10::cuda::CUDAGuard device_guard(frames.device());
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const bool bytes = frames.scalar_type() == at::kByte;
  const std::int64_t n = frames.size(0), height = frames.size(bytes ? 1 : 2),
                     width = frames.size(bytes ? 2 : 3);
  if (n == 0) {
    return at::empty({0, options_.output_width()}, frames.options().dtype(at::kFloat));
  }
  try {
    refresh(frames.device(), dtype);
    const std::int64_t tokens = n * (height / options_.patch) * (width / options_.patch);
    if (!uses_graphs_ || tokens > kMostGraphTokens) return run(frames);
    return graphs_.run({frames}, [this](const GraphCache::Inputs& x) { return run(x[0]); });
  } catch (const c10::OutOfMemoryError& error) {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "The encoder of ", n, " frames of ", height, " × ",
                     width,
                     " does not fit in the device's memory: ", error.what_without_backtrace());
  }
}

}  // namespace omniq::model
