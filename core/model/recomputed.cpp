#include "core/model/recomputed.h"

#include <torch/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

namespace omniq::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Autograd's context keeps no functions, but objects of this kind.
struct Kept : torch::CustomClassHolder {
  explicit Kept(TensorFunction function) : f(std::move(function)) {}
  TensorFunction f;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static at::Tensor forward(AutogradContext* context, at::TensorList inputs,
                            const TensorFunction& f) {
    context->save_for_backward(inputs.vec());
    context->saved_data["f"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(f));
    return f(inputs.vec());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const torch::AutoGradMode with_gradients(true);
    const auto kept = context->saved_data["f"].toCapsule();
    variable_list inputs, needed;
    for (const at::Tensor& saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach().requires_grad_(saved.requires_grad()));
      if (saved.requires_grad()) needed.push_back(inputs.back());
    }
    const at::Tensor y = static_cast<const Kept&>(*kept).f(inputs);
    const variable_list found =
        torch::autograd::grad({y}, needed, gradients, /*retain_graph=*/std::nullopt,
                              /*create_graph=*/false, /*allow_unused=*/true);
    variable_list result;
    std::size_t next = 0;
    for (const at::Tensor& input : inputs) {
      result.push_back(input.requires_grad() ? found[next++] : at::Tensor());
    }
    result.emplace_back();  // of f
    return result;
  }
};

}  // namespace

at::Tensor recomputed(const TensorFunction& f, const std::vector<at::Tensor>& inputs) {
  return Recomputed::apply(at::TensorList(inputs), f);
}

}  // namespace omniq::model
