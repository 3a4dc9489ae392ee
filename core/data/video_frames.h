// Decoding as the loader needs it: one opening of the file, whole or in part. Internal to
// core/data.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <vector>

#include "core/base/result.h"

namespace omniq::data {

/// Frame indices for a video of `total` frames; the same call gives the same answer.
using FramePicker = std::function<std::vector<std::int64_t>(std::int64_t total)>;

/// Picks from a video whose container claims `claimed` frames and that really has `total`: what the
/// claim gives when all of it exists, else what the true count gives. So a clip is the same whether
/// its video was decoded in part (the true count is then unknown) or as a whole.
std::vector<std::int64_t> pick_existing(const FramePicker& pick, std::int64_t claimed,
                                        std::int64_t total);

struct VideoFrames {
  at::Tensor frames;                    // uint8 RGB [n, h, w, 3]
  std::vector<std::int64_t> positions;  // where in `frames` each pick is
  std::int64_t claimed = 0;  // the container's count, or the true one where that is unusable
  std::int64_t total = 0;    // the true count where the end was met, else 0
  bool whole = false;        // `frames` holds the video from its first frame to its last
};

/// Decodes the frames that `pick` asks for, or, where `keep_whole` agrees to the bytes that all of
/// them take, the whole video (up to the claimed count).
Result<VideoFrames> read_video(const std::filesystem::path& path, std::int64_t short_side,
                               const FramePicker& pick,
                               const std::function<bool(std::uint64_t)>& keep_whole = {},
                               std::stop_token stop = {});

}  // namespace omniq::data
