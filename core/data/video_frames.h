// Decoding as the loader needs it: one opening of the file, whole or in part. Internal to
// core/data.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/video.h"

namespace omniq::data {

/// Frame indices for a video of `total` frames; the same call gives the same answer.
using FramePicker = std::function<std::vector<std::int64_t>(std::int64_t total)>;

struct VideoFrames {
  at::Tensor frames;                    // uint8 RGB [n, h, w, 3]
  std::vector<double> times;            // of each in `frames`, in seconds
  std::vector<std::int64_t> picks;      // frame numbers
  std::vector<std::int64_t> positions;  // where in `frames` each pick is
  std::int64_t promised = 0;            // as its packets promise
  std::int64_t confirmed = 0;           // how many of these are known to come
  std::int64_t total = 0;               // the true count where the end was met, else 0
  bool whole = false;                   // `frames` holds the video from its first frame to its last
  VideoFault fault;                     // in what was decoded
};

/// What is picked: from as many frames as the packets promise where all that is picked so is known
/// to come, else from as many as there are. So a clip is the same whether its video was decoded in
/// part (the true count is then unknown) or as a whole.
std::vector<std::int64_t> pick_existing(const FramePicker& pick, const VideoFrames& video);

/// For the log: "x.avi was cut off: … The 31 frames that can be decoded are used."
std::string describe_fault(const std::filesystem::path& path, const VideoFault& fault,
                           std::int64_t frames);

/// Decodes the frames that `pick` asks for, by `threads`, or, where `keep_whole` agrees to the
/// bytes that all of them take, the whole video.
Result<VideoFrames> read_video(const std::filesystem::path& path, std::int64_t short_side,
                               const FramePicker& pick, int threads = 1,
                               const std::function<bool(std::uint64_t)>& keep_whole = {},
                               std::stop_token stop = {});

}  // namespace omniq::data
