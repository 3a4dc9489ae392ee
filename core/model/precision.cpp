#include "core/model/precision.h"

#include <ATen/autocast_mode.h>

#include "core/model/device.h"

namespace omniq::model {

Precision choose_precision(at::Device device, bool amp) {
  if (!device.is_cuda() || !amp) return Precision::float32;
  return supports_bfloat16(device) ? Precision::bfloat16 : Precision::float16;
}

const char* precision_name(Precision precision) {
  switch (precision) {
    case Precision::float32:
      return "float32";
    case Precision::bfloat16:
      return "bfloat16";
    case Precision::float16:
      return "float16";
  }
  return "";
}

at::ScalarType precision_dtype(Precision precision) {
  switch (precision) {
    case Precision::float32:
      return at::kFloat;
    case Precision::bfloat16:
      return at::kBFloat16;
    case Precision::float16:
      return at::kHalf;
  }
  return at::kFloat;
}

AutocastScope::AutocastScope(at::Device device, Precision precision)
    : device_(device.type()), active_(precision != Precision::float32) {
  if (!active_) return;
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, precision_dtype(precision));
}

AutocastScope::~AutocastScope() {
  if (!active_) return;
  at::autocast::set_autocast_enabled(device_, false);
  at::autocast::clear_cache();
}

}  // namespace omniq::model
