// Which frames the model looks at while a video goes on. Internal to core/infer.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/loader.h"

namespace omniq::infer {

/// The frames of the clip that stands for a video of which frames 0 to `seen` − 1 are known, in the
/// clip's order: with `segments` spread over the newest `most` of them (0: all), with `stride` the
/// newest window.
std::vector<std::int64_t> clip_until(const data::ClipOptions& clip, std::int64_t seen,
                                     std::int64_t most = 0);

/// What there is to do to follow a video.
struct Plan {
  struct Moment {
    std::int64_t frame = 0;           // the newest that is seen
    std::vector<std::int64_t> picks;  // the clip's
  };
  std::vector<Moment> moments;       // in order of time
  std::vector<std::int64_t> wanted;  // every frame that some moment picks, ascending
  std::int64_t most_held = 0;        // of `wanted`, that have come and are still to be picked
};

/// `moments` points of time spread evenly over `total` frames, those after frame `after`.
Plan plan_moments(const data::ClipOptions& clip, std::int64_t total, std::int64_t moments,
                  std::int64_t after = -1);

}  // namespace omniq::infer
