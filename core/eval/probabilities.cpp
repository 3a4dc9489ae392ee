#include "core/eval/probabilities.h"

#include <torch/types.h>

#include "core/base/text.h"
#include "core/model/precision.h"

namespace omniq::eval {

Result<at::Tensor> probabilities_of(const at::Tensor& logits, model::Precision precision) {
  // The logits themselves come to the CPU, as the probabilities had to: a softmax hides −∞, and a
  // check on the device would wait for it once more.
  const at::Tensor on_cpu = logits.to(at::kCPU, at::kFloat);
  if (!on_cpu.isfinite().all().item<bool>()) {
    return fail(
        ErrorCode::numeric,
        cat("The model's logits are not finite in ", model::precision_name(precision), "."),
        precision == model::Precision::float32
            ? "The weights have diverged: train again with a lower optim.lr_head and "
              "optim.lr_backbone, or a longer optim.warmup."
            : "Add train.amp=false, which computes in float32: omniq eval RUN train.amp=false.");
  }
  return on_cpu.softmax(1);
}

}  // namespace omniq::eval
