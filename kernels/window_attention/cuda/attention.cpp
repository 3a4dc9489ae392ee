#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <optional>

#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/window_attention/impl.h"

namespace omniq::kernels::detail {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Contiguous tensors as the kernels read them; keep may be undefined.
struct Inputs {
  at::Tensor qkv, padding, lanes, keep;

  Inputs(const at::Tensor& raw_qkv, const at::Tensor& raw_padding, const at::Tensor& raw_lanes,
         const at::Tensor& raw_keep)
      : qkv(with_aligned_start(raw_qkv.contiguous())),
        padding(with_aligned_start(raw_padding.contiguous())),
        lanes(raw_lanes),
        keep(contiguous_floats(raw_keep)) {}

  template <typename T>
  CudaWindowAttentionArguments<T> arguments(const WindowAttentionShape& shape) const {
    return {shape,
            static_cast<const T*>(qkv.const_data_ptr()),
            static_cast<const T*>(padding.const_data_ptr()),
            keep.defined() ? keep.const_data_ptr<float>() : nullptr,
            static_cast<const __half*>(lanes.const_data_ptr()),
            nullptr};
  }
};

at::Tensor forward(const Inputs& in, const WindowAttentionShape& s) {
  const c10::cuda::CUDAGuard guard(in.qkv.device());
  const at::Tensor out =
      at::empty({s.frames, s.height, s.width, s.heads * s.head_width}, in.qkv.options());
  dispatch_half_type(in.qkv.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    auto args = in.arguments<T>(s);
    args.out = static_cast<T*>(out.mutable_data_ptr());
    C10_CUDA_CHECK(window_attention(args, at::cuda::getCurrentCUDAStream()));
  });
  return out;
}

struct Gradients {
  at::Tensor qkv;   // of the padded map
  at::Tensor bias;  // [heads, T, T], float32
};

Gradients backward(const Inputs& in, const at::Tensor& raw_d_out, const WindowAttentionShape& s) {
  const c10::cuda::CUDAGuard guard(in.qkv.device());
  const at::Tensor d_out = with_aligned_start(raw_d_out.contiguous());
  const at::Tensor d_qkv =
      at::empty({s.frames, s.padded_height, s.padded_width, in.qkv.size(3)}, in.qkv.options());
  at::Tensor d_bias;
  dispatch_half_type(in.qkv.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    int parts = 0;
    C10_CUDA_CHECK(window_attention_backward_parts<T>(s, &parts));
    const std::int64_t tokens = s.window * s.window;
    d_bias = at::empty({parts, s.heads, tokens, tokens}, in.qkv.options().dtype(at::kFloat));
    const CudaWindowAttentionBackwardArguments<T> args{
        in.arguments<T>(s), static_cast<const T*>(d_out.const_data_ptr()),
        static_cast<T*>(d_qkv.mutable_data_ptr()), d_bias.mutable_data_ptr<float>(), parts};
    C10_CUDA_CHECK(window_attention_backward(args, at::cuda::getCurrentCUDAStream()));
  });
  return {d_qkv, column_sums(d_bias.flatten(1)).view(d_bias.sizes().slice(1))};
}

// Autograd's context keeps objects of this kind.
struct KeptShape : torch::CustomClassHolder {
  explicit KeptShape(const WindowAttentionShape& of) : shape(of) {}
  WindowAttentionShape shape;
};

// keep is optional here because an undefined tensor cannot be an argument.
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
    TORCH_CHECK(!at::GradMode::is_enabled(),
                "window_attention: second derivatives are not implemented");
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
