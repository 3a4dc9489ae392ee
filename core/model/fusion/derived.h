// What is computed from parameters alone, such as A = −exp(A_log), once and not in every forward.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace omniq::model {

/// A tensor made from parameters, kept until one of them changes: is loaded, trained or moved.
/// Where gradients go to a parameter it is made anew each time. One object for one place that asks.
class Derived {
 public:
  /// `make` must depend on `parameters` alone; it may return an undefined tensor.
  at::Tensor get(const std::vector<at::Tensor>& parameters,
                 const std::function<at::Tensor()>& make);

 private:
  struct Version {
    const void* data;
    std::uint32_t version;
    bool operator==(const Version&) const = default;
  };
  bool known_ = false;
  std::vector<Version> of_;
  at::Tensor value_;
};

/// x in float32, or in float64 if it is that: as the kernels take parameters.
at::Tensor at_least_float(const at::Tensor& x);
at::Tensor as_float(Derived& derived, const at::Tensor& parameter);

/// Changes with every change of the parameter's values or place. It must not be an inference
/// tensor.
std::uint32_t version_of(const at::Tensor& parameter);

/// What a copy of a parameter was made from and as: equal as long as the copy is up to date.
struct CopySource {
  const void* data;
  std::uint32_t version;
  c10::Device device;
  at::ScalarType dtype;
  bool operator==(const CopySource&) const = default;
};
/// Of a copy on `device` in `dtype`. The parameter must not be an inference tensor.
CopySource copy_source(const at::Tensor& parameter, c10::Device device, at::ScalarType dtype);

}  // namespace omniq::model
