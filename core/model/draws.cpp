#include "core/model/draws.h"

#include <torch/nn/module.h>
#include <torch/types.h>

#include "core/base/random.h"
#include "kernels/keyed_dropout/keyed_dropout.h"

namespace omniq::model {

void Drawing::draw_from(std::shared_ptr<const PassKey> pass, std::string name) {
  pass_ = std::move(pass);
  name_ = std::move(name);
}

const at::Tensor& Drawing::samples() const {
  TORCH_CHECK(pass_ && pass_->samples.defined(), "'", name_,
              "' draws at random in training mode, and there is no TrainingPass that says what");
  return pass_->samples;
}

std::uint64_t Drawing::key() const {
  (void)samples();
  return Random(pass_->seed, static_cast<std::uint64_t>(pass_->step), hash_text(name_)).bits();
}

void draw_from(torch::nn::Module& root, const std::shared_ptr<const PassKey>& pass) {
  const auto attach = [&](torch::nn::Module& module, const std::string& name) {
    if (auto* drawing = dynamic_cast<Drawing*>(&module)) drawing->draw_from(pass, name);
  };
  attach(root, "");
  for (const auto& item : root.named_modules("", /*include_self=*/false))
    attach(*item.value(), item.key());
}

at::Tensor Dropout::forward(const at::Tensor& x, std::int64_t axis) {
  return drops() ? kernels::keyed_dropout(x, samples(), key(), rate_, axis) : x;
}

}  // namespace omniq::model
