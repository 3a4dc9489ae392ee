// One clip, from its file or from memory to the model's input. Internal to core/data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

#include "core/base/result.h"
#include "core/data/clip_cache.h"
#include "core/data/loader.h"
#include "core/data/video.h"

namespace omniq::data {

/// What is drawn for a clip in an epoch depends on these alone.
struct ClipKey {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0, clip = 0;
};

/// [V, T, S, S, 3] of a clip, with V = 1 in training.
std::vector<std::int64_t> clip_shape(const ClipOptions& options, bool training);

/// What a clip was made of.
struct ClipReport {
  std::vector<std::int64_t> numbers;  // [temporal views · T], of its frames in the video
  std::vector<double> times;          // of these, in seconds; empty where they came from memory
  std::int64_t frames = 0;            // of the video, that could be picked
  VideoFault fault;
};

/// Fills `out`, uint8 of clip_shape. `cache` may be null; `threads` decode.
Result<ClipReport> read_clip(const std::filesystem::path& path, const ClipOptions& options,
                             bool training, const ClipKey& key, ClipCache* cache, int threads,
                             std::uint8_t* out, std::stop_token stop = {});

}  // namespace omniq::data
