#include "core/model/initial.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace omniq::model {

Initial normal(double deviation) {
  return [=](at::Tensor p, const at::Generator& g) { p.normal_(0, deviation, g).clamp_(-2, 2); };
}

Initial uniform(double low, double high) {
  return [=](at::Tensor p, const at::Generator& g) { p.uniform_(low, high, g); };
}

Initial uniform_by_fan_in(std::int64_t fan_in) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  return uniform(-bound, bound);
}

at::Generator generator_of(std::uint64_t seed, const std::string& name) {
  return at::make_generator<at::CPUGeneratorImpl>(Random(seed, hash_text(name)).bits());
}

void InitialisedModule::starts_as(const std::string& parameter, Initial initial) {
  initial_[parameter] = std::move(initial);
}

at::Tensor InitialisedModule::random_parameter(const std::string& name, at::IntArrayRef shape,
                                               Initial initial) {
  initial_.emplace(name, std::move(initial));
  return register_parameter(name, torch::full(shape, std::numeric_limits<float>::quiet_NaN()));
}

void initialise(torch::nn::Module& root, std::uint64_t seed, double linear_deviation) {
  const torch::NoGradGuard no_grad;
  const Initial of_linear = normal(linear_deviation);
  const auto draw = [&](const InitialisedModule* module, const std::string& prefix) {
    if (!module) return;
    for (const auto& [name, initial] : module->initial_) {
      const at::Tensor parameter = *module->named_parameters(/*recurse=*/false).find(name);
      (initial ? initial : of_linear)(parameter, generator_of(seed, prefix + name));
    }
  };
  draw(root.as<InitialisedModule>(), "");
  for (const auto& item : root.named_modules("", /*include_self=*/false)) {
    draw(item.value()->as<InitialisedModule>(), item.key() + ".");
  }
}

}  // namespace omniq::model
