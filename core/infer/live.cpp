#include "core/infer/live.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "core/data/video.h"
#include "core/infer/moments.h"

namespace omniq::infer {

Live::Live(const data::ClipOptions& clip, std::int64_t window, FrameWindow features)
    : clip_(clip), window_(window), features_(std::move(features)) {}

Result<Moment> Live::push(const std::uint8_t* rgb, data::FrameSize size) {
  if (!view_ || size.height != source_.height || size.width != source_.width) {
    source_ = size;
    resized_ = data::resized_frame(size.height, size.width, data::resized_short_side(clip_.size));
    view_ = data::evaluation_view(resized_.height, resized_.width, clip_.size);
    frame_.resize(static_cast<std::size_t>(resized_.height * resized_.width * 3));
  }
  data::resize_frame(rgb, source_, frame_.data(), resized_);
  const at::Tensor input = torch::empty({1, clip_.size, clip_.size, 3}, torch::kByte);
  view_->apply(frame_.data(), resized_.width, input.mutable_data_ptr<std::uint8_t>());
  const std::int64_t number = seen_++;
  features_.push({&number, 1}, input);
  OMNIQ_ASSIGN(std::vector<double> p, features_.classify(clip_until(clip_, seen_, window_)));
  return Moment{number, std::move(p)};
}

}  // namespace omniq::infer
