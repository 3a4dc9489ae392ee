// The device that a model runs on, and what it says of itself.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace omniq::model {

/// "auto" (the GPU if there is one), "cpu" or "cuda". Asking for cuda where there is none is an
/// error.
Result<c10::Device> resolve_device(const std::string& name);

/// "NVIDIA H100 80GB HBM3", or the processor's name.
std::string device_name(c10::Device device);
bool supports_bfloat16(c10::Device device);

/// Waits until the device has done all that was asked of it; nothing on the CPU.
void synchronize(c10::Device device);

/// Device memory; nothing on the CPU.
struct DeviceMemory {
  std::int64_t allocated = 0,
               reserved = 0;  // the caching allocator's peak in bytes since reset_peak_memory
  std::int64_t process = 0;   // this process's use now as NVML says, 0 where it says nothing
};
std::optional<DeviceMemory> device_memory(c10::Device device);
void reset_peak_memory(c10::Device device);

/// Driver version as NVML says; "" without one.
std::string driver_version();

}  // namespace omniq::model
