// What a device could do at best: the ceilings that bytes and operations are held against.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <optional>
#include <string>

#include "core/model/fusion/registry.h"
#include "core/model/swin/options.h"

namespace omniq::bench {

/// Rates per millisecond.
struct Ceilings {
  double bytes;  // read and written, measured by a copy of 2 GB
  double
      matrix_operations;  // bfloat16, measured by a product of 8192³; additions and products count
  double vector_operations;  // float32 instructions of one lane, from clock and units
  double exponentials;       // those of the special-function units, likewise
};

/// How a scan is asked for: any A, or A = −(n + 1) a, which needs no gradient then.
enum class Rates { kGeneral, kLinear };

/// The least that a selective scan takes for one token, direction and channel.
struct ScanWork {
  double products = 0;      // operations on tensor cores
  double instructions = 0;  // of one lane in float32
  double exponentials = 0;
};
/// Forward, or forward and backward together, by the kernel of the current device for `dtype`.
ScanWork scan_work(std::int64_t states, at::ScalarType dtype, Rates rates, bool backward);

/// The encoder of frames of size × size, forward, in half precision: each layer's matrix products,
/// or each block's tokens read and written once, whichever takes longer; and the frames' bytes.
double encoder_limit(const model::SwinOptions& options, std::int64_t frames, std::int64_t size,
                     double frame_bytes, const Ceilings& ceilings);

/// What is done with a fusion stack. With frozen rates all parameters get a gradient but A_log, as
/// where A is not among what LoRA trains.
enum class Pass { kForward, kBackward, kBackwardFrozenRates };

/// A fusion stack: matrix products after each other with the scans between them; everything else,
/// and what moves, would hide behind them. Backward includes forward, three times its products; its
/// scans are those of scan_work, with a general A unless rates are frozen.
double fusion_limit(const model::FusionKind& kind, std::int64_t clips, std::int64_t length,
                    const model::FusionOptions& options, const Ceilings& ceilings,
                    at::ScalarType dtype, double parameter_bytes, Pass pass);

/// None for the CPU.
std::optional<Ceilings> ceilings(c10::Device device);

}  // namespace omniq::bench
