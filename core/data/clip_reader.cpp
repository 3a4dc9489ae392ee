#include "core/data/clip_reader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "core/data/transform.h"
#include "core/data/video_frames.h"

namespace omniq::data {
namespace {

// Streams of one clip's draws, so that a second look at the frame count does not move the crop.
enum Stream : std::uint64_t { kSampling = 1, kCrop = 2 };

Random stream(const ClipKey& key, Stream name) {
  return Random(key.seed, static_cast<std::uint64_t>(key.epoch),
                static_cast<std::uint64_t>(key.clip), name);
}

/// The frames of all temporal views, one after the other.
std::vector<std::int64_t> pick_frames(const ClipOptions& options, bool training, const ClipKey& key,
                                      std::int64_t total) {
  if (training) {
    Random random = stream(key, kSampling);
    return sample_frames(total, options.frames, options.stride, options.sampling, &random);
  }
  std::vector<std::int64_t> picks;
  for (std::int64_t view = 0; view < options.temporal_views; ++view) {
    const auto one = sample_frames(total, options.frames, options.stride, options.sampling, nullptr,
                                   view, options.temporal_views);
    picks.insert(picks.end(), one.begin(), one.end());
  }
  return picks;
}

void write_clip(const at::Tensor& frames, const std::vector<std::int64_t>& positions,
                const ClipOptions& options, bool training, const ClipKey& key, std::uint8_t* out) {
  const std::int64_t height = frames.size(1), width = frames.size(2);
  const auto* pixels = frames.const_data_ptr<std::uint8_t>();
  const std::int64_t frame_bytes = height * width * 3;
  const std::int64_t out_bytes = options.size * options.size * 3;
  const std::int64_t temporal = training ? 1 : options.temporal_views;
  const std::int64_t spatial = training ? 1 : options.spatial_views;
  for (std::int64_t s = 0; s < spatial; ++s) {
    const CropResize resize = [&] {
      if (!training) return evaluation_view(height, width, options.size, s, spatial);
      Random random = stream(key, kCrop);
      return CropResize(training_crop(height, width, options.hflip, random), options.size);
    }();
    for (std::int64_t t = 0; t < temporal; ++t) {
      std::uint8_t* view = out + (t * spatial + s) * options.frames * out_bytes;
      for (std::int64_t i = 0; i < options.frames; ++i) {
        const std::int64_t position = positions[t * options.frames + i];
        resize.apply(pixels + position * frame_bytes, width, view + i * out_bytes);
      }
    }
  }
}

}  // namespace

std::vector<std::int64_t> pick_existing(const FramePicker& pick, std::int64_t claimed,
                                        std::int64_t total) {
  std::vector<std::int64_t> picks = pick(claimed);
  if (*std::max_element(picks.begin(), picks.end()) >= total) picks = pick(total);
  return picks;
}

std::vector<std::int64_t> clip_shape(const ClipOptions& options, bool training) {
  const std::int64_t views = training ? 1 : options.temporal_views * options.spatial_views;
  return {views, options.frames, options.size, options.size, 3};
}

Result<ClipReport> read_clip(const std::filesystem::path& path, const ClipOptions& options,
                             bool training, const ClipKey& key, ClipCache* cache, std::uint8_t* out,
                             std::stop_token stop) {
  const FramePicker pick = [&](std::int64_t total) {
    return pick_frames(options, training, key, total);
  };
  if (cache != nullptr) {
    if (const auto video = cache->find(key.clip)) {
      const std::int64_t total = video->frames.size(0);
      write_clip(video->frames, pick_existing(pick, video->claimed, total), options, training, key,
                 out);
      return ClipReport{video->claimed, total};
    }
  }
  std::uint64_t reserved = 0;
  const auto keep_whole = [&](std::uint64_t bytes) {
    if (cache == nullptr || !cache->reserve(bytes)) return false;
    reserved = bytes;
    return true;
  };
  auto video = read_video(path, resized_short_side(options.size), pick, keep_whole, stop);
  if (!video) {
    if (reserved > 0) cache->release(reserved);
    return tl::unexpected<Error>(std::move(video).error());
  }
  write_clip(video->frames, video->positions, options, training, key, out);
  if (reserved > 0) cache->insert(key.clip, {video->frames, video->claimed}, reserved);
  return ClipReport{video->claimed, video->total};
}

Result<at::Tensor> load_evaluation_clip(const std::filesystem::path& path,
                                        const ClipOptions& options) {
  at::Tensor video = at::empty(clip_shape(options, /*training=*/false), at::kByte);
  auto report = read_clip(path, options, /*training=*/false, {}, nullptr,
                          video.mutable_data_ptr<std::uint8_t>());
  if (!report) return tl::unexpected<Error>(std::move(report).error());
  return video;
}

}  // namespace omniq::data
