// How parameters start: each is drawn from a generator of its own, seeded by (seed, its name), so
// that a model starts the same beside other work of the process, whatever else it is made of.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/model/parameters.h"

namespace omniq::model {

/// Fills a parameter; all that is random comes from the generator.
using Initial = std::function<void(const at::Tensor& parameter, const at::Generator& generator)>;

/// N(0, deviation²), cut at ±2 whatever the deviation, as torch.nn.init.trunc_normal_ does.
Initial normal(double deviation);
Initial uniform(double low, double high);
/// PyTorch's default for convolutions and their biases: uniform in ±1/√(fan-in).
Initial uniform_by_fan_in(std::int64_t fan_in);

/// A generator for the parameter of this name.
at::Generator generator_of(std::uint64_t seed, const std::string& name);

/// A module that knows how its parameters start, and what they are for.
class InitialisedModule : public torch::nn::Module, public SaysRoles {
 public:
  /// Replaces how one of them starts.
  void starts_as(const std::string& parameter, Initial initial);

 protected:
  /// Registers a float32 parameter of NaNs, which initialise() fills.
  at::Tensor random_parameter(const std::string& name, at::IntArrayRef shape, Initial initial);

 private:
  friend void initialise(torch::nn::Module&, std::uint64_t, double);
  std::map<std::string, Initial> initial_;
};

/// Draws all such parameters of `root` and of what is in it, on the CPU, where they must be;
/// weights of linear layers from normal(linear_deviation) where nothing else was said. Other
/// parameters stay.
void initialise(torch::nn::Module& root, std::uint64_t seed, double linear_deviation = 0.02);

}  // namespace omniq::model
