// Decoded, resized videos kept in memory, within a budget. Internal to core/data.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "core/data/video_frames.h"

namespace omniq::data {

/// Whole videos by clip number. Nothing is ever thrown out: an epoch reads every clip once, so that
/// whatever was dropped would be the next to be needed. Safe to use from several threads.
class ClipCache {
 public:
  explicit ClipCache(std::uint64_t budget) : budget_(budget) {}

  std::shared_ptr<const VideoFrames> find(std::int64_t clip) const;

  /// Takes `bytes` of what is left of the budget; false when it does not fit.
  bool reserve(std::uint64_t bytes);
  void release(std::uint64_t bytes);

  /// Stores a video for which `reserved` bytes were taken, and gives back what it did not need.
  void insert(std::int64_t clip, VideoFrames video, std::uint64_t reserved);

  std::uint64_t used() const;

 private:
  const std::uint64_t budget_;
  mutable std::mutex mutex_;
  std::uint64_t used_ = 0;
  std::unordered_map<std::int64_t, std::shared_ptr<const VideoFrames>> videos_;
};

}  // namespace omniq::data
