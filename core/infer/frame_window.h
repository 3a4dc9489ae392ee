// The encoder's answers to the newest frames of a video, so that a new frame costs one frame.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"

namespace omniq::infer {

/// A ring of frame features. Frames come in order of their numbers, some may be left out; a clip is
/// any choice among those that the ring still holds.
class FrameWindow {
 public:
  /// Holds `capacity` frames (≥ 1); the oldest goes when another comes. Computes on `threads` of
  /// the CPU, 0 for all.
  FrameWindow(std::shared_ptr<model::OmniQ> model, c10::Device device, model::Precision precision,
              std::int64_t capacity, std::int64_t threads = 0);

  /// Encodes frames `numbers`, ascending and later than all before; rgb uint8 [n, S, S, 3].
  void push(std::span<const std::int64_t> numbers, const at::Tensor& rgb);

  /// Probabilities, one a class, of the clip made of frames `numbers` in this order (repeats
  /// allowed). Errors are those of model::probabilities_of. Throws std::out_of_range for a frame
  /// that the ring does not hold.
  Result<std::vector<double>> classify(std::span<const std::int64_t> numbers);

 private:
  std::int64_t slot_of(std::int64_t number) const;

  std::shared_ptr<model::OmniQ> model_;
  c10::Device device_;
  model::Execution execution_;
  std::int64_t threads_;
  std::vector<std::int64_t> numbers_;  // by slot, −1 for none
  std::int64_t next_ = 0;              // the slot that is written next
  at::Tensor features_;                // [capacity, D]
};

}  // namespace omniq::infer
