#include "core/model/probabilities.h"

#include <torch/types.h>

#include <algorithm>

#include "core/base/text.h"

namespace omniq::model {

Result<at::Tensor> probabilities_of(const at::Tensor& logits, Precision precision) {
  // The logits themselves come to the CPU, as the probabilities had to: a softmax hides −∞, and a
  // check on the device would wait for it once more.
  const at::Tensor on_cpu = logits.to(at::kCPU, at::kFloat);
  if (!on_cpu.isfinite().all().item<bool>()) {
    return fail(
        ErrorCode::numeric,
        cat("The model's logits are not finite in ", precision_name(precision), "."),
        precision == Precision::float32
            ? "The weights have diverged: train again with a lower optim.lr_head and "
              "optim.lr_backbone, or a longer optim.warmup."
            : "Add train.amp=false, which computes in float32: omniq eval RUN train.amp=false.");
  }
  return on_cpu.softmax(1);
}

Result<at::Tensor> class_probabilities(OmniQ& model, const at::Tensor& video,
                                       const Execution& execution) {
  const std::int64_t views = video.size(1);
  const at::Tensor logits = model.forward(video.flatten(0, 1), execution);
  OMNIQ_ASSIGN(const at::Tensor p, probabilities_of(logits, execution.precision));
  return p.unflatten(0, {video.size(0), views}).mean(1);
}

BestClasses best_classes(const at::Tensor& probabilities) {
  const auto [values, classes] =
      probabilities.to(at::kDouble).topk(std::min<std::int64_t>(5, probabilities.size(0)));
  const auto* value = values.const_data_ptr<double>();
  const auto* index = classes.const_data_ptr<std::int64_t>();
  return {{index, index + classes.size(0)}, {value, value + values.size(0)}};
}

}  // namespace omniq::model
