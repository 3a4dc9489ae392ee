#include <torch/custom_class.h>

#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/common/operator.h"
#include "kernels/window_attention/impl.h"

namespace omniq::kernels::detail {
namespace {

// Contiguous tensors as the kernels read them; keep may be undefined.
struct Inputs {
  at::Tensor qkv, padding, lanes, keep;

  Inputs(const at::Tensor& raw_qkv, const at::Tensor& raw_padding, const at::Tensor& raw_lanes,
         const at::Tensor& raw_keep)
      : qkv(with_aligned_start(raw_qkv)),
        padding(with_aligned_start(raw_padding)),
        lanes(raw_lanes),
        keep(contiguous_floats(raw_keep)) {}

  template <typename T>
  CudaWindowAttentionArguments<T> arguments(const WindowAttentionShape& shape) const {
    return {shape,
            data_of<const T>(qkv),
            data_of<const T>(padding),
            data_of<const float>(keep),
            data_of<const __half>(lanes),
            nullptr};
  }
};

at::Tensor forward(const Inputs& in, const WindowAttentionShape& s) {
  const at::Tensor out =
      at::empty({s.frames, s.height, s.width, s.heads * s.head_width}, in.qkv.options());
  launch_half_kernel(in.qkv, [&](auto zero, cudaStream_t stream) {
    auto args = in.arguments<decltype(zero)>(s);
    args.out = data_of<decltype(zero)>(out);
    return window_attention(args, stream);
  });
  return out;
}

struct Gradients {
  at::Tensor qkv;   // of the padded map
  at::Tensor bias;  // [heads, T, T], float32
};

Gradients backward(const Inputs& in, const at::Tensor& raw_d_out, const WindowAttentionShape& s) {
  const at::Tensor d_out = with_aligned_start(raw_d_out);
  const at::Tensor d_qkv =
      at::empty({s.frames, s.padded_height, s.padded_width, in.qkv.size(3)}, in.qkv.options());
  at::Tensor d_bias;
  launch_half_kernel(in.qkv, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    int parts = 0;
    C10_CUDA_CHECK(window_attention_backward_parts<T>(s, &parts));
    const std::int64_t tokens = s.window * s.window;
    d_bias = empty_floats({parts, s.heads, tokens, tokens}, in.qkv);
    const CudaWindowAttentionBackwardArguments<T> args{in.arguments<T>(s), data_of<const T>(d_out),
                                                       data_of<T>(d_qkv), data_of<float>(d_bias),
                                                       parts};
    return window_attention_backward(args, stream);
  });
  return {d_qkv, column_sums(d_bias.flatten(1)).view(d_bias.sizes().slice(1))};
}

// Autograd's context keeps objects of this kind.
struct KeptShape : torch::CustomClassHolder {
  explicit KeptShape(const WindowAttentionShape& of) : shape(of) {}
  WindowAttentionShape shape;
};

struct WindowAttention : torch::autograd::Function<WindowAttention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv,
                            const at::Tensor& pairs, const at::Tensor& padding,
                            const at::Tensor& lanes, const std::optional<at::Tensor>& keep,
                            const WindowAttentionShape& shape) {
    const Inputs in(qkv, padding, lanes, *keep);
    context->save_for_backward({in.qkv, in.padding, in.lanes, in.keep});
    context->saved_data["shape"] = c10::IValue::make_capsule(c10::make_intrusive<KeptShape>(shape));
    context->saved_data["bias_dtype"] = pairs.scalar_type();
    return detail::forward(in, shape);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    check_first_derivative("window_attention");
    const variable_list saved = context->get_saved_variables();
    const auto kept = context->saved_data["shape"].toCapsule();
    const WindowAttentionShape& s = static_cast<const KeptShape&>(*kept).shape;
    const Gradients d = detail::backward({saved[0], saved[1], saved[2], saved[3]}, gradients[0], s);
    at::Tensor d_padding;
    if (context->needs_input_grad(2) && s.is_padded()) {
      // What is below the map and what is to its right.
      d_padding = d.qkv.slice(1, s.height).sum({0, 1, 2}) +
                  d.qkv.slice(1, 0, s.height).slice(2, s.width).sum({0, 1, 2});
    }
    return {d.qkv.slice(1, 0, s.height).slice(2, 0, s.width).contiguous(),
            d.bias.to(context->saved_data["bias_dtype"].toScalarType()),
            d_padding,
            {},
            {},
            {}};
  }
};

}  // namespace

at::Tensor window_attention_cuda(const at::Tensor& qkv, const WindowBias& bias,
                                 const at::Tensor& padding, const at::Tensor& keep,
                                 const WindowAttentionShape& shape) {
  if (at::GradMode::is_enabled()) {
    return WindowAttention::apply(qkv, bias.pairs, padding, bias.lanes, std::optional(keep), shape);
  }
  return forward({qkv, padding, bias.lanes, keep}, shape);
}

}  // namespace omniq::kernels::detail
