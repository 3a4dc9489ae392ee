// A frame as a model is given it, without torch: what Engine::model_frames returns.
#pragma once

#include <cstdint>
#include <vector>

namespace omniq::ui {

struct ModelFrame {
  int view = 0;             // of evaluation's views, spatial ones running faster; 0 in training
  std::int64_t number = 0;  // of the frame in the video, from 0
  double time = 0;          // when it is shown there, in seconds
  int side = 0;             // in pixels
  std::vector<std::uint8_t> rgb;  // rows of [side, side, 3]
};

}  // namespace omniq::ui
