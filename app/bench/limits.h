// What a device could do at best: the ceilings that bytes and operations are held against.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>

namespace omniq::bench {

/// Rates per millisecond.
struct Ceilings {
  double bytes;  // read and written, measured by a copy of 2 GB
  double
      matrix_operations;  // bfloat16, measured by a product of 8192³; additions and products count
  double vector_operations;  // float32 instructions of one lane, from clock and units
  double exponentials;       // those of the special-function units, likewise
};

/// The least that a selective scan forward takes for one token, direction and channel.
struct ScanWork {
  double products = 0, instructions = 0;  // on tensor cores, and of one lane in float32
};
ScanWork scan_work(std::int64_t states, bool tensor_cores);

/// None for the CPU.
std::optional<Ceilings> ceilings(c10::Device device);

}  // namespace omniq::bench
