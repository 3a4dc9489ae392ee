#include "core/data/clip_reader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "core/base/log.h"
#include "core/base/text.h"
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

std::vector<std::int64_t> pick_existing(const FramePicker& pick, const VideoFrames& video) {
  std::vector<std::int64_t> picks = pick(video.promised);
  const bool come = *std::max_element(picks.begin(), picks.end()) < video.confirmed;
  return come || video.total == video.promised ? picks : pick(video.total);
}

std::string describe_fault(const std::filesystem::path& path, const VideoFault& fault,
                           std::int64_t frames) {
  return cat(path.string(), " ", fault.text(), ". The ", frames,
             " frames that can be decoded are used.");
}

std::vector<std::int64_t> clip_shape(const ClipOptions& options, bool training) {
  const std::int64_t views = training ? 1 : options.temporal_views * options.spatial_views;
  return {views, options.frames, options.size, options.size, 3};
}

Result<ClipReport> read_clip(const std::filesystem::path& path, const ClipOptions& options,
                             bool training, const ClipKey& key, ClipCache* cache, int threads,
                             std::uint8_t* out, std::stop_token stop) {
  const FramePicker pick = [&](std::int64_t total) {
    return pick_frames(options, training, key, total);
  };
  if (cache != nullptr) {
    if (const auto video = cache->find(key.clip)) {
      std::vector<std::int64_t> picks = pick_existing(pick, *video);
      write_clip(video->frames, picks, options, training, key, out);
      return ClipReport{std::move(picks), {}, video->total, video->fault};
    }
  }
  std::uint64_t reserved = 0;
  const auto keep_whole = [&](std::uint64_t bytes) {
    if (cache == nullptr || !cache->reserve(bytes)) return false;
    reserved = bytes;
    return true;
  };
  auto video = read_video(path, resized_short_side(options.size), pick, threads, keep_whole, stop);
  if (reserved > 0 && !(video && video->whole)) cache->release(reserved);
  if (!video) return tl::unexpected<Error>(std::move(video).error());
  write_clip(video->frames, video->positions, options, training, key, out);
  ClipReport report{
      video->picks, {}, video->total > 0 ? video->total : video->promised, video->fault};
  for (const std::int64_t position : video->positions)
    report.times.push_back(video->times[static_cast<std::size_t>(position)]);
  if (video->whole) cache->insert(key.clip, std::move(*video), reserved);
  return report;
}

Result<ModelClip> load_clip(const std::filesystem::path& path, const ClipOptions& options,
                            std::optional<std::uint64_t> training_seed, std::stop_token stop) {
  const bool training = training_seed.has_value();
  ModelClip clip{at::empty(clip_shape(options, training), at::kByte), {}, {}};
  OMNIQ_ASSIGN(const ClipReport report,
               read_clip(path, options, training, {training_seed.value_or(0), 0, 0}, nullptr,
                         all_threads(), clip.video.mutable_data_ptr<std::uint8_t>(), stop));
  if (!report.fault.what.empty()) log::warning(describe_fault(path, report.fault, report.frames));
  const std::int64_t spatial = training ? 1 : options.spatial_views;
  for (std::int64_t view = 0; view < clip.video.size(0); ++view) {
    const std::int64_t first = view / spatial * options.frames;  // of its temporal view
    for (std::int64_t i = first; i < first + options.frames; ++i) {
      clip.numbers.push_back(report.numbers[static_cast<std::size_t>(i)]);
      clip.times.push_back(report.times[static_cast<std::size_t>(i)]);
    }
  }
  return clip;
}

}  // namespace omniq::data
