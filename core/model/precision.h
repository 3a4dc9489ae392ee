// In which precision a model runs, and torch's autocast for it.
#pragma once

#include <ATen/core/Tensor.h>

namespace omniq::model {

enum class Precision { float32, bfloat16, float16 };

/// bfloat16 on a GPU that has it, else float16 on a GPU; float32 on the CPU and without `amp`.
Precision choose_precision(at::Device device, bool amp);
const char* precision_name(Precision precision);
at::ScalarType precision_dtype(Precision precision);

/// While it lives, operators on `device` run in mixed precision (torch's autocast).
class AutocastScope {
 public:
  AutocastScope(at::Device device, Precision precision);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  at::DeviceType device_;
  bool active_;
};

}  // namespace omniq::model
