// The device that a model runs on, and what it says of itself.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <exception>
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

/// Bytes of the device that this process could take now; 0 on the CPU.
std::int64_t free_device_memory(c10::Device device);

/// Whether it says that an allocation failed, and then whether that was on the GPU.
struct OutOfMemory {
  bool gpu;
};
std::optional<OutOfMemory> out_of_memory(const std::exception& thrown);

/// Driver version as NVML says; "" without one.
std::string driver_version();

/// Sets torch's thread count to `threads`, or to all cores for 0; returns the count.
std::int64_t apply_threads(std::int64_t threads);

}  // namespace omniq::model
