// The generated demo set: short video files whose classes differ only in the order of motion.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

#include "core/base/result.h"

namespace omniq::data {

struct DemoOptions {
  std::uint64_t seed = 1;
  std::int64_t train_clips = 40, test_clips = 25;  // a class
  std::int64_t frames = 16;
  double fps = 12;
  std::int64_t size = 192;  // height and width in pixels
  int threads = 2;
};

/// Writes <directory>/<Class>/<clip>.mp4 and lists/{classInd,trainlist,testlist}.txt. Eight classes
/// in four pairs, the second of each being the same process run backwards in time, so that no frame
/// and no average of frames tells them apart. The same seed gives the same pixels. A folder that is
/// already complete for these options is left as it is. `progress(done, total)` is called from one
/// thread at a time.
Status generate_demo(const std::filesystem::path& directory, const DemoOptions& options,
                     const std::function<void(std::int64_t, std::int64_t)>& progress = {},
                     std::stop_token stop = {});

}  // namespace omniq::data
