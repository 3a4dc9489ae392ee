#include "core/data/clip_cache.h"

#include <ATen/ATen.h>

namespace omniq::data {

std::shared_ptr<const VideoFrames> ClipCache::find(std::int64_t clip) const {
  const std::lock_guard lock(mutex_);
  const auto found = videos_.find(clip);
  return found == videos_.end() ? nullptr : found->second;
}

bool ClipCache::reserve(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > budget_ - used_) return false;
  used_ += bytes;
  return true;
}

void ClipCache::release(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
}

void ClipCache::insert(std::int64_t clip, VideoFrames video, std::uint64_t reserved) {
  const std::uint64_t bytes = video.frames.nbytes();
  auto shared = std::make_shared<const VideoFrames>(std::move(video));
  const std::lock_guard lock(mutex_);
  used_ -= reserved;
  if (videos_.emplace(clip, std::move(shared)).second) used_ += bytes;
}

std::uint64_t ClipCache::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace omniq::data
