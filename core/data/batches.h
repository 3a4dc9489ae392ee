// Batches of clips, wherever they come from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/data/dataset.h"

namespace omniq::data {

struct Batch {
  // uint8 [B, V, T, S, S, 3] RGB; V = temporal · spatial views (spatial runs faster), 1 in training
  at::Tensor video;
  at::Tensor labels;                             // int64 [B]
  std::vector<std::int64_t> indices;             // [B], into Split::clips
  std::vector<Problem> unreadable;               // clips that could not be decoded; not in `video`
  std::vector<std::int64_t> unreadable_indices;  // the same clips, into Split::clips
};

/// The clips of a list, epoch by epoch. Used from one thread at a time.
class Batches {
 public:
  virtual ~Batches() = default;
  virtual std::int64_t clips() const = 0;
  virtual std::int64_t batches() const = 0;  // an epoch; the last batch may be smaller

  /// Starts epoch `epoch` at batch `first`; ends what was under way.
  virtual void start(std::int64_t epoch, std::int64_t first) = 0;
  /// The next batch in order; nothing at the end of the epoch or when a stop is requested. A batch
  /// all of whose clips are unreadable has an undefined `video`.
  virtual std::optional<Batch> next(std::stop_token stop) = 0;
};

}  // namespace omniq::data
