#include "core/model/swin/swin.h"

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <tuple>

#include "core/model/linear.h"
#include "core/model/swin/layout.h"
#include "kernels/keyed_dropout/keyed_dropout.h"
#include "kernels/window_attention/window_attention.h"
#include "kernels/window_attention/windows.h"

namespace omniq::model {
namespace {

namespace nn = torch::nn;

// The shared state of one forward pass.
struct Pass {
  // Stochastic depth's factors, 0 or 1 ÷ (1 − rate): [2 · blocks, n, 1, 1]; undefined when it is
  // off.
  at::Tensor keep;
  std::int64_t next = 0;

  // x + branch, each frame's branch dropped or scaled.
  at::Tensor add(const at::Tensor& x, const at::Tensor& branch) {
    return keep.defined() ? at::addcmul(x, branch, keep.select(0, next++)) : at::add(x, branch);
  }
};

nn::LayerNorm layer_norm(std::int64_t width) {
  return nn::LayerNorm(nn::LayerNormOptions({width}).eps(1e-5));
}

// A module that only holds others under torchvision's names ("features", "1", "0").
struct Group : nn::Module {
  template <class M>
  M add(const std::string& name, M module) {
    return register_module(name, std::move(module));
  }
};

std::shared_ptr<Linear> linear(std::int64_t in, std::int64_t out, bool bias = true) {
  return std::make_shared<Linear>(in, out, bias);
}

// The convolution that makes tokens of patches; with the weight's shape and name alone.
struct Patches : InitialisedModule {
  Patches(std::int64_t channels, std::int64_t width, std::int64_t patch)
      : weight(random_parameter("weight", {width, channels, patch, patch},
                                uniform_by_fan_in(channels * patch * patch))),
        bias(random_parameter("bias", {width}, uniform_by_fan_in(channels * patch * patch))) {}

  at::Tensor weight, bias;
};

struct Attention : InitialisedModule {
  Attention(std::int64_t width, std::int64_t heads_, std::int64_t window_)
      : heads(heads_),
        window(window_),
        table(random_parameter("relative_position_bias_table",
                               {(2 * window_ - 1) * (2 * window_ - 1), heads_}, normal(0.02))),
        qkv(register_module("qkv", linear(width, 3 * width))),
        proj(register_module("proj", linear(width, width))) {
    set_role("relative_position_bias_table", Role::exempt);
  }

  // tokens [n, windows · T, C], window by window.
  at::Tensor forward(const at::Tensor& tokens, std::int64_t windows, const at::Tensor& mask) {
    at::Tensor bias = kernels::relative_position_bias(table, window).unsqueeze(0);
    if (mask.defined()) bias = bias + mask.unsqueeze(1);
    const at::Tensor projected = qkv->forward(tokens);
    const at::Tensor out = kernels::attention_of_windows(
        projected.view({tokens.size(0) * windows, window * window, projected.size(2)}), bias,
        heads);
    return proj->forward(out.view(tokens.sizes()));
  }

  std::int64_t heads, window;
  at::Tensor table;
  std::shared_ptr<Linear> qkv, proj;
};

struct Block : nn::Module {
  Block(std::int64_t width, std::int64_t heads, const SwinOptions& options, bool shifted_)
      : shifted(shifted_),
        norm1(register_module("norm1", layer_norm(width))),
        attn(register_module("attn", std::make_shared<Attention>(width, heads, options.window))),
        norm2(register_module("norm2", layer_norm(width))) {
    const auto hidden = static_cast<std::int64_t>(static_cast<double>(width) * options.mlp_ratio);
    const auto mlp = register_module("mlp", std::make_shared<Group>());
    expand = mlp->add("0", linear(width, hidden));
    shrink = mlp->add("3", linear(hidden, width));
  }

  // x [n, tokens, C] in the stage's order.
  at::Tensor forward(const at::Tensor& x, const swin::StageLayout& stage, Pass& pass) {
    const swin::Gather& gather = shifted ? stage.shifted : stage.plain;
    at::Tensor y = swin::rearrange(norm1->forward(x), gather);
    y = attn->forward(y, stage.windows, shifted ? stage.shift_mask : at::Tensor());
    const at::Tensor attended = pass.add(x, swin::rearrange(y, gather, /*inverse=*/true));
    y = shrink->forward(at::gelu(expand->forward(norm2->forward(attended))));
    return pass.add(attended, y);
  }

  bool shifted;
  nn::LayerNorm norm1;
  std::shared_ptr<Attention> attn;
  nn::LayerNorm norm2;
  std::shared_ptr<Linear> expand, shrink;
};

struct PatchMerging : nn::Module {
  explicit PatchMerging(std::int64_t width)
      : reduction(register_module("reduction", linear(4 * width, 2 * width, /*bias=*/false))),
        norm(register_module("norm", layer_norm(4 * width))) {}

  at::Tensor forward(const at::Tensor& x, const swin::StageLayout& stage) {
    const at::Tensor neighbours =
        swin::rearrange(x, stage.merge).view({x.size(0), stage.merged, 4 * x.size(2)});
    return reduction->forward(norm->forward(neighbours));
  }

  std::shared_ptr<Linear> reduction;
  nn::LayerNorm norm;
};

void check(const SwinOptions& o) {
  TORCH_CHECK(!o.depths.empty() && o.depths.size() == o.heads.size(),
              "Swin: depths and heads need one entry a stage, got ", o.depths.size(), " and ",
              o.heads.size());
  TORCH_CHECK(o.patch > 0 && o.width > 0 && o.window > 0 && o.in_channels > 0 && o.mlp_ratio > 0,
              "Swin: patch, width, window, in_channels and mlp_ratio must be positive");
  for (std::size_t i = 0; i < o.depths.size(); ++i) {
    TORCH_CHECK(o.depths[i] > 0 && o.heads[i] > 0 && (o.width << i) % o.heads[i] == 0,
                "Swin: stage ", i, " has ", o.depths[i], " blocks and ", o.heads[i], " heads for ",
                o.width << i, " channels");
  }
}

}  // namespace

struct SwinImpl::Parts {
  std::shared_ptr<Patches> patches;
  nn::LayerNorm patch_norm{nullptr};
  std::vector<std::vector<std::shared_ptr<Block>>> stages;
  std::vector<std::shared_ptr<PatchMerging>> merges;
  nn::LayerNorm norm{nullptr};

  // What depends on the device and the frame size alone.
  using Key = std::tuple<c10::DeviceType, int, std::int64_t, std::int64_t>;
  std::map<Key, swin::FrameLayout> layouts;
  at::Tensor keep_rates;  // float [2 · blocks, 1]

  const swin::FrameLayout& layout(std::int64_t rows, std::int64_t columns, std::int64_t window,
                                  at::Device device) {
    const Key key{device.type(), device.index(), rows, columns};
    const auto found = layouts.find(key);
    if (found != layouts.end()) return found->second;
    if (layouts.size() >= 8)
      layouts.clear();  // a stream of ever new sizes must not fill the memory
    const auto count = static_cast<std::int64_t>(stages.size());
    return layouts.emplace(key, swin::make_layout(rows, columns, count, window, device))
        .first->second;
  }

  // frames [n, c, H, W] → tokens [n, rows · columns, width]. A linear layer on patches that one
  // copy has put into the first stage's order; the weights have the convolution's shape and name.
  at::Tensor embed(const at::Tensor& frames, const swin::FrameLayout& layout, std::int64_t patch,
                   std::int64_t window) {
    const std::int64_t n = frames.size(0);
    const std::int64_t c = frames.size(1);
    const at::Tensor whole =
        frames.slice(2, 0, layout.rows * patch).slice(3, 0, layout.columns * patch);
    at::Tensor pixels;
    if (layout.windowed) {
      pixels = whole
                   .reshape({n, c, layout.rows / window, window, patch, layout.columns / window,
                             window, patch})
                   .permute({0, 2, 5, 3, 6, 1, 4, 7});
    } else {
      pixels = whole.reshape({n, c, layout.rows, patch, layout.columns, patch})
                   .permute({0, 2, 4, 1, 3, 5});
    }
    pixels = pixels.reshape({n, layout.rows * layout.columns, c * patch * patch});
    return patch_norm->forward(at::linear(pixels, patches->weight.flatten(1), patches->bias));
  }
};

SwinImpl::~SwinImpl() = default;

SwinImpl::SwinImpl(SwinOptions options)
    : options_(std::move(options)), parts_(std::make_unique<Parts>()) {
  check(options_);
  const auto features = register_module("features", std::make_shared<Group>());
  const auto embedding = features->add("0", std::make_shared<Group>());
  parts_->patches = embedding->add(
      "0", std::make_shared<Patches>(options_.in_channels, options_.width, options_.patch));
  parts_->patch_norm = embedding->add("2", layer_norm(options_.width));
  int child = 1;
  for (std::size_t i = 0; i < options_.depths.size(); ++i) {
    const std::int64_t width = options_.width << i;
    const auto stage = features->add(std::to_string(child++), std::make_shared<Group>());
    std::vector<std::shared_ptr<Block>>& blocks = parts_->stages.emplace_back();
    for (std::int64_t j = 0; j < options_.depths[i]; ++j) {
      blocks.push_back(
          stage->add(std::to_string(j),
                     std::make_shared<Block>(width, options_.heads[i], options_, j % 2 == 1)));
    }
    if (i + 1 < options_.depths.size()) {
      parts_->merges.push_back(
          features->add(std::to_string(child++), std::make_shared<PatchMerging>(width)));
    }
  }
  parts_->norm = register_module("norm", layer_norm(output_width()));
  set_stochastic_depth(options_.stochastic_depth);
}

void SwinImpl::set_stochastic_depth(double rate) {
  TORCH_CHECK(rate >= 0 && rate < 1, "Swin: stochastic depth must be in [0, 1), got ", rate);
  options_.stochastic_depth = rate;
  std::int64_t blocks = 0;
  for (const std::int64_t depth : options_.depths) blocks += depth;
  std::vector<float> keep;
  for (std::int64_t i = 0; i < blocks; ++i) {
    const double drop =
        blocks > 1 ? rate * static_cast<double>(i) / static_cast<double>(blocks - 1) : 0;
    keep.insert(keep.end(), 2, static_cast<float>(1 - drop));
  }
  parts_->keep_rates = torch::tensor(at::ArrayRef<float>(keep)).unsqueeze(1);
}

at::Tensor SwinImpl::draw_stochastic_depth(std::int64_t frames, at::Device device) {
  if (!is_training() || options_.stochastic_depth == 0) return {};
  if (parts_->keep_rates.device() != device) parts_->keep_rates = parts_->keep_rates.to(device);
  const at::Tensor& rates = parts_->keep_rates;
  const std::int64_t clips = samples().size(0), branches = rates.size(0);
  TORCH_CHECK(clips > 0 && frames % clips == 0, "Swin: ", frames, " frames are not of ", clips,
              " samples");
  const at::Tensor drawn = kernels::keyed_uniform(samples(), key(), branches * (frames / clips))
                               .view({clips, branches, -1})
                               .transpose(0, 1)
                               .reshape({branches, frames});
  return drawn.lt(rates) / rates;
}

at::Tensor SwinImpl::forward(const at::Tensor& frames) {
  TORCH_CHECK(
      frames.dim() == 4 && frames.size(1) == options_.in_channels && frames.is_floating_point(),
      "Swin: frames must be a floating tensor [n, ", options_.in_channels, ", H, W], got ",
      frames.scalar_type(), " ", frames.sizes());
  const std::int64_t rows = frames.size(2) / options_.patch;
  const std::int64_t columns = frames.size(3) / options_.patch;
  TORCH_CHECK(rows > 0 && columns > 0, "Swin: frames of ", frames.size(2), " × ", frames.size(3),
              " are smaller than a patch of ", options_.patch);
  const at::Device device = frames.device();
  const swin::FrameLayout& layout = parts_->layout(rows, columns, options_.window, device);

  Pass pass;
  const at::Tensor keep = draw_stochastic_depth(frames.size(0), device);
  at::Tensor x = parts_->embed(frames, layout, options_.patch, options_.window);
  if (keep.defined()) pass.keep = keep.to(x.scalar_type()).unsqueeze(-1).unsqueeze(-1);
  for (std::size_t i = 0; i < parts_->stages.size(); ++i) {
    for (const auto& block : parts_->stages[i]) {
      x = block->forward(x, layout.stages[i], pass);
    }
    if (i < parts_->merges.size()) x = parts_->merges[i]->forward(x, layout.stages[i]);
  }
  return parts_->norm->forward(x).mean(1);
}

}  // namespace omniq::model
