// What is measured of a model, as plain numbers: records take them without seeing what measures.
#pragma once

#include <cstdint>

namespace omniq {

/// Milliseconds.
struct Timing {
  double median = 0, p10 = 0, p90 = 0, mean = 0;
  std::int64_t runs = 0;
};

/// Bytes of a device's memory.
struct DeviceMemory {
  std::int64_t allocated = 0, reserved = 0;  // the caching allocator's peak
  std::int64_t process = 0;                  // the process's, from NVML; 0 where NVML says nothing
};

struct ParameterCount {
  std::int64_t total = 0, trainable = 0;  // elements
};

}  // namespace omniq
