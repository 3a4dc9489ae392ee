// Which frames of a video make a clip.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.h"

namespace omniq::data {

enum class Sampling {
  stride,    // T frames `stride` apart: a random start in training, centred in evaluation
  segments,  // T equal parts of the video: a random frame of each in training, the centre one else
};

/// `frames` indices into a video of `total` frames (total ≥ 1), in order of time.
///
/// stride: the window is frames · stride long. A video shorter than that is read from its first
/// frame and wraps around to it. `random` draws the start; without it, view v of `views` spreads
/// the windows evenly from the first to the last possible one (one view: centred, rounded down).
/// segments: frame i is at floor((i + u) · total / frames); `random` draws a u in [0, 1) for each
/// segment; without it u is (v + ½) / views, the centre for one view. A video with fewer frames
/// than segments repeats some of them, still in order.
///
/// Throws std::invalid_argument for arguments out of range.
std::vector<std::int64_t> sample_frames(std::int64_t total, std::int64_t frames,
                                        std::int64_t stride, Sampling sampling, Random* random,
                                        std::int64_t view = 0, std::int64_t views = 1);

}  // namespace omniq::data
