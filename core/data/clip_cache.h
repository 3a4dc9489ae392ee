// Decoded, resized videos kept in memory, within a budget. Internal to core/data.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace omniq::data {

struct CachedVideo {
  at::Tensor frames;         // uint8 [n, h, w, 3], the whole video
  std::int64_t claimed = 0;  // as VideoFrames::claimed
};

/// Whole videos by clip number. Nothing is ever thrown out: an epoch reads every clip once, so that
/// whatever was dropped would be the next to be needed. Safe to use from several threads.
class ClipCache {
 public:
  explicit ClipCache(std::uint64_t budget) : budget_(budget) {}

  std::shared_ptr<const CachedVideo> find(std::int64_t clip) const;

  /// Takes `bytes` of what is left of the budget; false when it does not fit.
  bool reserve(std::uint64_t bytes);
  void release(std::uint64_t bytes);

  /// Stores a video for which `reserved` bytes were taken, and gives back what it did not need.
  void insert(std::int64_t clip, CachedVideo video, std::uint64_t reserved);

  std::uint64_t used() const;

 private:
  const std::uint64_t budget_;
  mutable std::mutex mutex_;
  std::uint64_t used_ = 0;
  std::unordered_map<std::int64_t, std::shared_ptr<const CachedVideo>> videos_;
};

}  // namespace omniq::data
