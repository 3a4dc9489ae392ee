#include "kernels/window_attention/window_attention.h"

#include <cmath>
#include <limits>

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/operator.h"
#include "kernels/window_attention/impl.h"
#include "kernels/window_attention/windows.h"

namespace omniq::kernels {
namespace {

using detail::WindowAttentionShape;

WindowAttentionShape check(const at::Tensor& qkv, const WindowBias& bias, const at::Tensor& padding,
                           std::int64_t shift, const at::Tensor& keep) {
  TORCH_CHECK(bias.window > 0 && bias.pairs.defined() && bias.pairs.dim() == 3,
              "window_attention: bias must come from make_window_bias");
  const std::int64_t heads = bias.pairs.size(0);
  TORCH_CHECK(qkv.dim() == 4 && qkv.size(1) > 0 && qkv.size(2) > 0 && qkv.size(3) > 0 &&
                  qkv.size(3) == 3 * heads * bias.head_width,
              "window_attention: qkv has shape ", qkv.sizes(), ", expected [n, H, W, 3 · ", heads,
              " · ", bias.head_width, "]");
  TORCH_CHECK(qkv.is_floating_point(), "window_attention: qkv is ", qkv.scalar_type(),
              ", expected floating");
  detail::check_shape("window_attention", "padding", padding, {qkv.size(3)});
  detail::check_dtype("window_attention", "padding", padding, qkv, "qkv");
  detail::check_device("window_attention", "padding", padding, qkv, "qkv");
  detail::check_device("window_attention", "bias", bias.pairs, qkv, "qkv");
  TORCH_CHECK(shift >= 0 && shift < bias.window, "window_attention: shift is ", shift,
              ", expected 0 to ", bias.window - 1);
  detail::check_frame_factors("window_attention", keep, qkv);
  const auto number = [](std::int64_t x) { return static_cast<int>(x); };
  const auto padded = [&](std::int64_t x) {
    return number((x + bias.window - 1) / bias.window * bias.window);
  };
  const int rows = padded(qkv.size(1)), columns = padded(qkv.size(2));
  return {number(qkv.size(0)),
          number(qkv.size(1)),
          number(qkv.size(2)),
          rows,
          columns,
          number(heads),
          number(bias.window),
          number(bias.head_width),
          number(rows == bias.window ? 0 : shift),
          number(columns == bias.window ? 0 : shift)};
}

bool has_kernel(const at::Tensor& qkv, const WindowBias& bias) {
  return qkv.is_cuda() && detail::is_half(qkv.scalar_type()) && bias.lanes.defined() &&
         qkv.numel() > 0 && qkv.stride(0) <= std::numeric_limits<int>::max();
}

at::Tensor composite(const at::Tensor& qkv, const WindowBias& bias, const at::Tensor& padding,
                     const at::Tensor& keep, const WindowAttentionShape& s) {
  const std::int64_t down = s.padded_height / s.window, across = s.padded_width / s.window;
  at::Tensor map = qkv;
  if (s.is_padded()) {
    map = padding.expand({s.frames, s.padded_height, s.padded_width, padding.size(0)}).clone();
    map.slice(1, 0, s.height).slice(2, 0, s.width).copy_(qkv);
  }
  at::Tensor pairs = bias.pairs.unsqueeze(0);
  if (s.shift_y + s.shift_x > 0) {
    map = map.roll({-s.shift_y, -s.shift_x}, {1, 2});
    pairs = pairs + shift_mask(s.padded_height, s.padded_width, s.window, s.shift_y, s.shift_x)
                        .to(pairs.options())
                        .unsqueeze(1);
  }
  const at::Tensor windows = map.view({s.frames, down, s.window, across, s.window, padding.size(0)})
                                 .permute({0, 1, 3, 2, 4, 5})
                                 .reshape({-1, s.window * s.window, padding.size(0)});
  at::Tensor out =
      attention_of_windows(windows, pairs, s.heads)
          .view({s.frames, down, across, s.window, s.window, s.heads * s.head_width})
          .permute({0, 1, 3, 2, 4, 5})
          .reshape({s.frames, s.padded_height, s.padded_width, s.heads * s.head_width});
  if (s.shift_y + s.shift_x > 0) out = out.roll({s.shift_y, s.shift_x}, {1, 2});
  out = out.slice(1, 0, s.height).slice(2, 0, s.width);
  if (keep.defined()) {
    const auto type = at::promote_types(out.scalar_type(), at::kFloat);
    out = (out.to(type) * detail::as_factors_of(out, keep.to(type))).to(out.scalar_type());
  }
  return out.contiguous();
}

// The bias as a warp's lanes take it (CudaWindowAttentionArguments::bias).
at::Tensor in_order_of_lanes(const at::Tensor& pairs, std::int64_t window,
                             std::int64_t head_width) {
  const std::int64_t heads = pairs.size(0), tokens = pairs.size(1);
  const std::int64_t queries = detail::query_tiles(static_cast<int>(window));
  const std::int64_t keys = detail::key_tiles(static_cast<int>(window));
  const at::Tensor padded =
      at::full({heads, queries * 16, keys * 8}, -std::numeric_limits<float>::infinity(),
               pairs.options().dtype(at::kFloat));
  padded.slice(1, tokens).zero_();
  padded.slice(1, 0, tokens).slice(2, 0, tokens).copy_(pairs);
  return padded.mul(std::sqrt(static_cast<double>(head_width)))
      .view({heads, queries, 2, 8, keys, 4, 2})  // tile, half, g; tile, i, element
      .permute({0, 1, 4, 3, 5, 2, 6})
      .to(at::kHalf)
      .contiguous();
}

}  // namespace

bool has_window_attention(std::int64_t window, std::int64_t head_width) {
  return detail::has_window_attention_kernel(window, head_width);
}

WindowBias make_window_bias(const at::Tensor& table, std::int64_t window, std::int64_t head_width) {
  TORCH_CHECK(
      window > 0 && table.dim() == 2 && table.size(0) == (2 * window - 1) * (2 * window - 1),
      "make_window_bias: table has shape ", table.sizes(), ", expected [",
      (2 * window - 1) * (2 * window - 1), ", heads]");
  WindowBias bias{window, head_width, relative_position_bias(table, window), {}};
  if (table.is_cuda() && has_window_attention(window, head_width)) {
    bias.lanes = in_order_of_lanes(bias.pairs.detach(), window, head_width);
  }
  return bias;
}

at::Tensor window_attention(const at::Tensor& qkv, const WindowBias& bias,
                            const at::Tensor& padding, std::int64_t shift, const at::Tensor& keep) {
  const WindowAttentionShape shape = check(qkv, bias, padding, shift, keep);
  const detail::WithoutAutocast no_autocast;
  if (has_kernel(qkv, bias)) {
    return detail::window_attention_cuda(qkv, bias, padding, keep, shape);
  }
  return composite(qkv, bias, padding, keep, shape);
}

}  // namespace omniq::kernels
