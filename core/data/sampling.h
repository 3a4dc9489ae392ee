// Which frames of a video make a clip.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.h"

namespace omniq::data {

enum class Sampling {
  stride,    // T frames `stride` apart: a random start in training, centred in evaluation
  segments,  // T equal segments of the whole video: a random frame of each in training, the centre one else
};

/// `frames` indices into a video of `total` frames (total ≥ 1). A video shorter than the window wraps around to
/// its first frame. `random` null: the evaluation rule, always the same; view v of `views` then spreads the
/// windows evenly over the video (one view: centred).
std::vector<std::int64_t> sample_frames(std::int64_t total, std::int64_t frames, std::int64_t stride,
                                        Sampling sampling, Random* random, std::int64_t view = 0,
                                        std::int64_t views = 1);

}  // namespace omniq::data
