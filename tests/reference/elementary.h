// What several references need.
#pragma once

#include <torch/types.h>

#include <optional>

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

}  // namespace omniq::reference
