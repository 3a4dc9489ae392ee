// One clip, from its file or from memory to the model's input. Internal to core/data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

#include "core/base/result.h"
#include "core/data/clip_cache.h"
#include "core/data/loader.h"

namespace omniq::data {

/// What is drawn for a clip in an epoch depends on these alone.
struct ClipKey {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0, clip = 0;
};

/// [V, T, S, S, 3] of a clip, with V = 1 in training.
std::vector<std::int64_t> clip_shape(const ClipOptions& options, bool training);

/// How much of the file there was to read.
struct ClipReport {
  std::int64_t claimed = 0, total = 0;  // as in VideoFrames
};

/// Fills `out`, uint8 of clip_shape. `cache` may be null.
Result<ClipReport> read_clip(const std::filesystem::path& path, const ClipOptions& options,
                             bool training, const ClipKey& key, ClipCache* cache, std::uint8_t* out,
                             std::stop_token stop = {});

}  // namespace omniq::data
