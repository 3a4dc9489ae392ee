#include "core/model/recomputed.h"

#include <ATen/autocast_mode.h>
#include <torch/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <array>
#include <utility>

namespace omniq::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What autocast does on this thread, on each device that computes here.
class Autocast {
 public:
  static Autocast current() {
    Autocast found;
    for (std::size_t i = 0; i < kDevices.size(); ++i) {
      found.of_device_[i] = {at::autocast::is_autocast_enabled(kDevices[i]),
                             at::autocast::get_autocast_dtype(kDevices[i])};
    }
    return found;
  }

  void set() const {
    for (std::size_t i = 0; i < kDevices.size(); ++i) {
      at::autocast::set_autocast_enabled(kDevices[i], of_device_[i].enabled);
      at::autocast::set_autocast_dtype(kDevices[i], of_device_[i].dtype);
    }
  }

 private:
  static constexpr std::array kDevices{at::kCPU, at::kCUDA};
  struct OfDevice {
    bool enabled = false;
    at::ScalarType dtype = at::kFloat;
  };
  std::array<OfDevice, kDevices.size()> of_device_;
};

/// That of another time while this lives.
class WithAutocast {
 public:
  explicit WithAutocast(const Autocast& autocast) { autocast.set(); }
  ~WithAutocast() {
    before_.set();
    at::autocast::clear_cache();  // of what was cast here, which no one asks for again
  }
  WithAutocast(const WithAutocast&) = delete;
  WithAutocast& operator=(const WithAutocast&) = delete;

 private:
  Autocast before_ = Autocast::current();
};

// Autograd's context keeps no functions, but objects of this kind.
struct Kept : torch::CustomClassHolder {
  explicit Kept(TensorFunction function) : f(std::move(function)) {}
  TensorFunction f;
  Autocast autocast = Autocast::current();
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static at::Tensor forward(AutogradContext* context, at::TensorList inputs,
                            const TensorFunction& f) {
    context->save_for_backward(inputs.vec());
    context->saved_data["f"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(f));
    return f(inputs.vec());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "recomputed: second derivatives are not implemented");
    const torch::AutoGradMode with_gradients(true);
    const auto capsule = context->saved_data["f"].toCapsule();
    const auto& kept = static_cast<const Kept&>(*capsule);
    variable_list inputs, needed;
    for (const at::Tensor& saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach().requires_grad_(saved.requires_grad()));
      if (saved.requires_grad()) needed.push_back(inputs.back());
    }
    const at::Tensor y = [&] {
      const WithAutocast of_forward(kept.autocast);
      return kept.f(inputs);
    }();
    // Under the autocast that holds here, as the gradients of f itself would be.
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
