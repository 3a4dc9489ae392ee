// Names what happens in frames as they come, from a camera for instance.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/data/loader.h"
#include "core/data/transform.h"
#include "core/infer/frame_window.h"

namespace omniq::infer {

/// What the model says at one point of a video.
struct Moment {
  std::int64_t frame = 0;             // the newest that it has seen
  std::vector<double> probabilities;  // a class each
};

/// Made by Predictor::live.
class Live {
 public:
  /// A clip is made of the newest `window` frames, all of which `features` can hold.
  Live(const data::ClipOptions& clip, std::int64_t window, FrameWindow features);

  /// Takes the next frame, RGB rows of `size`, as decoded; what the model says now. Errors are
  /// those of FrameWindow::classify.
  Result<Moment> push(const std::uint8_t* rgb, data::FrameSize size);

 private:
  data::ClipOptions clip_;
  std::int64_t window_;
  FrameWindow features_;
  std::int64_t seen_ = 0;
  data::FrameSize source_, resized_;      // of the frames that come, and of frame_
  std::optional<data::CropResize> view_;  // for source_
  std::vector<std::uint8_t> frame_;
};

}  // namespace omniq::infer
