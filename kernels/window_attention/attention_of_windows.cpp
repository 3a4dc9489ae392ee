#include <cmath>

#include "kernels/common/operator.h"
#include "kernels/window_attention/window_attention.h"

namespace omniq::kernels {
namespace {

// qkv [B, T, 3·h·d] → [3, B, h, T, d], contiguous.
at::Tensor pack(const at::Tensor& qkv, std::int64_t heads) {
  const std::int64_t width = qkv.size(2) / (3 * heads);
  return qkv.view({qkv.size(0), qkv.size(1), 3, heads, width})
      .permute({2, 0, 3, 1, 4})
      .contiguous();
}

// [B, h, T, d] → [B, T, h·d]
at::Tensor join_heads(const at::Tensor& x) {
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)});
}

// Both directions written out on libtorch's batched products: half the operators and copies that
// autograd's own formulas need, which is what counts for windows of 16 tokens on a CPU.
struct AttentionOfWindows : torch::autograd::Function<AttentionOfWindows> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv, const at::Tensor& bias,
                            std::int64_t heads) {
    const detail::WithoutAutocast no_autocast;
    const at::Tensor packed = pack(qkv, heads);  // [3, B, h, T, d]
    const std::int64_t length = packed.size(3);
    const auto part = [&](std::int64_t i) { return packed.select(0, i).flatten(0, 1); };
    const double scale = 1 / std::sqrt(static_cast<double>(packed.size(4)));

    at::Tensor scores = at::bmm(part(0), part(1).transpose(1, 2));  // [B·h, T, T]
    at::Tensor grid =
        scores.view({packed.size(1) / bias.size(0), bias.size(0), heads, length, length});
    at::add_out(grid, bias.to(qkv.scalar_type()), grid, scale);
    const at::Tensor weights = at::_softmax(scores, -1, false);
    context->save_for_backward({packed, weights});
    context->saved_data["bias_sizes"] = bias.sizes();
    context->saved_data["bias_dtype"] = bias.scalar_type();
    return join_heads(
        at::bmm(weights, part(2)).view({packed.size(1), heads, length, packed.size(4)}));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    detail::check_first_derivative("attention_of_windows");
    const detail::WithoutAutocast no_autocast;
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& packed = saved[0];
    const at::Tensor& weights = saved[1];
    const std::int64_t heads = packed.size(2);
    const std::int64_t length = packed.size(3);
    const std::int64_t width = packed.size(4);
    const double scale = 1 / std::sqrt(static_cast<double>(width));
    const auto part = [&](std::int64_t i) { return packed.select(0, i).flatten(0, 1); };
    const at::Tensor d_packed = at::empty_like(packed);
    const auto d_part = [&](std::int64_t i) { return d_packed.select(0, i).flatten(0, 1); };

    const at::Tensor d_out = gradients[0]
                                 .reshape({packed.size(1), length, heads, width})
                                 .transpose(1, 2)
                                 .contiguous()
                                 .flatten(0, 1);
    at::Tensor d_v = d_part(2);
    at::bmm_out(d_v, weights.transpose(1, 2), d_out);
    const at::Tensor d_weights = at::bmm(d_out, part(2).transpose(1, 2));
    at::Tensor d_scores = at::_softmax_backward_data(d_weights, weights, -1, weights.scalar_type());

    at::Tensor d_bias;
    if (context->needs_input_grad(1)) {
      const std::vector<std::int64_t> sizes = context->saved_data["bias_sizes"].toIntVector();
      d_bias = d_scores.view({packed.size(1) / sizes[0], sizes[0], heads, length, length})
                   .sum(0, /*keepdim=*/false)
                   .to(context->saved_data["bias_dtype"].toScalarType());
    }
    d_scores.mul_(scale);
    at::Tensor d_q = d_part(0);
    at::Tensor d_k = d_part(1);
    at::bmm_out(d_q, d_scores, part(1));
    at::bmm_out(d_k, d_scores.transpose(1, 2), part(0));
    return {d_packed.permute({1, 3, 0, 2, 4}).reshape({packed.size(1), length, 3 * heads * width}),
            d_bias,
            {}};
  }
};

}  // namespace

at::Tensor attention_of_windows(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads) {
  return AttentionOfWindows::apply(qkv, bias, heads);
}

}  // namespace omniq::kernels
