// What several references need.
#pragma once

#include <torch/types.h>

#include <optional>
#include <vector>

namespace omniq::reference {

inline at::Tensor to_double(const at::Tensor& x) { return x.to(at::kCPU, at::kDouble); }

/// x[r], or x[0] where the directions share it.
inline at::Tensor of_direction(const at::Tensor& x, std::int64_t r) {
  return x[x.size(0) == 1 ? 0 : r];
}

/// log(1 + e^x) for any x; torch's own returns x above a threshold.
inline at::Tensor exact_softplus(const at::Tensor& x) {
  return torch::logaddexp(x, torch::zeros_like(x));
}

/// 1 for a token and 0 for padding, [clips, tokens, 1].
inline at::Tensor live_tokens(const std::optional<at::Tensor>& mask, std::int64_t clips,
                              std::int64_t tokens) {
  const at::Tensor live = mask ? to_double(*mask) : torch::ones({clips, tokens}, at::kDouble);
  return live.unsqueeze(-1);
}

/// Σ_n h_t read_t along the last axis, h_t = decay_t h_{t−1} + drive_t: one token after the other.
/// Of [clips, tokens, …], the last axis that of the states.
inline at::Tensor scan(const at::Tensor& decay, const at::Tensor& drive, const at::Tensor& read) {
  const auto decays = decay.unbind(1), drives = drive.unbind(1), reads = read.unbind(1);
  at::Tensor h = torch::zeros_like(drives[0]);
  std::vector<at::Tensor> outputs;
  for (std::size_t t = 0; t < drives.size(); ++t) {
    h = decays[t] * h + drives[t];
    outputs.push_back((h * reads[t]).sum(-1));
  }
  return torch::stack(outputs, 1);
}

/// bias + Σ_k taps_k inputs_{t + k − before}, where inputs are 0 before and after the tokens; of
/// [clips, tokens, channels] and taps [channels, width].
inline at::Tensor convolution(const at::Tensor& inputs, const at::Tensor& taps,
                              const at::Tensor& bias, std::int64_t before) {
  const auto L = inputs.size(1), W = taps.size(1);
  const at::Tensor padded = torch::constant_pad_nd(inputs, {0, 0, before, W - 1 - before});
  at::Tensor sum = bias.expand_as(inputs);
  for (std::int64_t k = 0; k < W; ++k) sum = sum + taps.select(1, k) * padded.narrow(1, k, L);
  return sum;
}

}  // namespace omniq::reference
