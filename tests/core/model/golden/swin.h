// The weights and frames of make_swin_golden.py.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <string>

#include "core/base/random.h"
#include "core/model/swin/swin.h"

namespace omniq::model {

// The formula of make_swin_golden.py.
inline at::Tensor uniform(std::string_view name, at::IntArrayRef shape) {
  at::Tensor out = torch::empty(shape, torch::kDouble);
  const std::uint64_t start = hash_text(name);
  auto* values = out.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    values[i] =
        static_cast<double>(mix_bits(start + static_cast<std::uint64_t>(i)) >> 40) * 0x1p-23 - 1;
  }
  return out;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

inline at::Tensor scaled(const std::string& name, at::IntArrayRef shape) {
  const at::Tensor u = uniform(name, shape);
  const bool weight = name.substr(name.size() - std::min<std::size_t>(6, name.size())) == "weight";
  if (contains(name, "norm") || name.rfind("features.0.2.", 0) == 0)
    return (weight ? 1 + 0.25 * u : 0.25 * u).to(torch::kFloat);
  if (contains(name, "relative_position_bias_table")) return (2 * u).to(torch::kFloat);
  if (!weight) return (0.25 * u).to(torch::kFloat);
  const auto fan_in = static_cast<double>(u.numel() / u.size(0));
  return (u * std::sqrt(3.0 / fan_in)).to(torch::kFloat);
}

inline at::Tensor golden_frames(std::int64_t n, std::int64_t height, std::int64_t width) {
  const at::Tensor coarse = uniform("frames.coarse", {n, 3, (height + 7) / 8, (width + 7) / 8})
                                .repeat_interleave(8, 2)
                                .repeat_interleave(8, 3)
                                .slice(2, 0, height)
                                .slice(3, 0, width);
  return (coarse + 0.5 * uniform("frames.fine", {n, 3, height, width})).to(torch::kFloat);
}

inline Swin make_golden_swin(const std::string& name) {
  Swin net(swin_options(name).value());
  const torch::NoGradGuard no_grad;
  for (auto& item : net->named_parameters())
    item.value().copy_(scaled(item.key(), item.value().sizes()));
  return net;
}

/// What the encoder draws from now on, by itself: as for this many clips of one seed's step.
inline void draw_for(Swin& net, std::int64_t clips, at::Device device, std::uint64_t seed = 5) {
  const auto samples = torch::arange(clips, torch::dtype(torch::kLong).device(device));
  draw_from(*net, std::make_shared<PassKey>(PassKey{seed, 0, samples}));
}

}  // namespace omniq::model
