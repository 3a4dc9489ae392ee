#include "core/infer/frame_window.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <stdexcept>

#include "core/base/text.h"
#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/model/probabilities.h"

namespace omniq::infer {

FrameWindow::FrameWindow(std::shared_ptr<model::OmniQ> model, c10::Device device,
                         model::Precision precision, std::int64_t capacity, std::int64_t threads)
    : model_(std::move(model)),
      device_(device),
      execution_(model_->execution(precision, /*training=*/false)),
      threads_(threads),
      numbers_(static_cast<std::size_t>(std::max<std::int64_t>(capacity, 1)), -1) {}

void FrameWindow::push(std::span<const std::int64_t> numbers, const at::Tensor& rgb) {
  const torch::InferenceMode inference;
  const model::ThreadScope threads(threads_);
  const at::Tensor encoded = model_->encode(rgb.to(device_).unsqueeze(0), execution_)[0];
  if (!features_.defined()) {
    features_ = torch::empty({static_cast<std::int64_t>(numbers_.size()), encoded.size(1)},
                             encoded.options());
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    features_[next_].copy_(encoded[static_cast<std::int64_t>(i)]);
    numbers_[static_cast<std::size_t>(next_)] = numbers[i];
    next_ = (next_ + 1) % static_cast<std::int64_t>(numbers_.size());
  }
}

std::int64_t FrameWindow::slot_of(std::int64_t number) const {
  const auto found = std::find(numbers_.begin(), numbers_.end(), number);
  if (found == numbers_.end())
    throw std::out_of_range(cat("FrameWindow: frame ", number, " is not held"));
  return found - numbers_.begin();
}

Result<std::vector<double>> FrameWindow::classify(std::span<const std::int64_t> numbers) {
  const torch::InferenceMode inference;
  const model::ThreadScope threads(threads_);
  std::vector<std::int64_t> slots;
  for (const std::int64_t number : numbers) slots.push_back(slot_of(number));
  at::Tensor logits;
  {
    const model::AutocastScope autocast(device_, execution_.precision);
    logits =
        model_->classify(features_.index_select(0, torch::tensor(slots).to(device_)).unsqueeze(0));
  }
  OMNIQ_ASSIGN(const at::Tensor p, model::probabilities_of(logits, execution_.precision));
  const auto* values = p.const_data_ptr<float>();
  return std::vector<double>(values, values + p.size(1));
}

}  // namespace omniq::infer
