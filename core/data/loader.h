// Batches of clips, decoded by a few threads, in an order that depends on the seed alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/batches.h"
#include "core/data/dataset.h"
#include "core/data/sampling.h"

namespace omniq::data {

/// How a video becomes the model's input.
struct ClipOptions {
  std::int64_t frames = 32;
  std::int64_t stride = 2;
  Sampling sampling = Sampling::stride;
  std::int64_t size = 224;  // in pixels; the short side is first resized to size · 256 / 224
  bool hflip = true;        // training only: flip half of the clips
  std::int64_t temporal_views = 1, spatial_views = 1;  // evaluation only; spatial 1 or 3
};

struct LoaderOptions {
  ClipOptions clip;
  std::int64_t batch_size = 8;
  std::int64_t together = 1;  // batches that are taken one after the other before any is worked on
  bool training = false;      // shuffles and augments
  std::uint64_t seed = 0;
  int workers = 2;              // decoding threads, ≥ 1
  std::size_t cache_bytes = 0;  // for decoded, resized videos; what does not fit is decoded again
};

/// How many batches a loader and who takes `together` of them hold at most.
std::int64_t batches_held(std::int64_t batch_size, std::int64_t workers, std::int64_t together);

/// Used from one thread at a time. A clip that cannot be decoded is logged once and named in its
/// batch; a broken invariant (a setting out of range, no memory) is thrown by the constructor or by
/// next().
class Loader : public Batches {
 public:
  Loader(Split split, LoaderOptions options);
  ~Loader() override;

  std::int64_t clips() const override;
  std::int64_t batches() const override;
  /// Order and augmentations are keyed by seed, epoch and clip; what comes before `first` is not
  /// decoded.
  void start(std::int64_t epoch, std::int64_t first = 0) override;
  std::optional<Batch> next(std::stop_token stop = {}) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// One video as the model is given it.
struct ModelClip {
  at::Tensor video;                   // uint8 RGB [V, T, S, S, 3], as Batch::video
  std::vector<std::int64_t> numbers;  // [V · T], of its frames in the video
  std::vector<double> times;          // of these, in seconds
};

/// As evaluation takes it, or, with a seed, as training draws the first clip of its first epoch.
/// All threads decode. Where only a part of the video can be decoded, the log says so.
Result<ModelClip> load_clip(const std::filesystem::path& path, const ClipOptions& options,
                            std::optional<std::uint64_t> training_seed = {},
                            std::stop_token stop = {});

}  // namespace omniq::data
