// The device that a model runs on, and what it says of itself.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "core/base/measured.h"
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

/// The allocator's peak since reset_peak_memory, and what the process uses now; nothing on the CPU.
std::optional<DeviceMemory> device_memory(c10::Device device);
void reset_peak_memory(c10::Device device);

/// Bytes of the device that this process could take now; 0 on the CPU.
std::int64_t free_device_memory(c10::Device device);

/// Whether it says that an allocation failed, and then whether that was on the GPU.
struct OutOfMemory {
  bool gpu;
};
std::optional<OutOfMemory> out_of_memory(const std::exception& thrown);

/// The error to report of what came out of the engine: that memory ran out, with the hint
/// `if_memory`, or that something failed in it.
Error error_of(const std::exception& thrown, const std::string& if_memory);

/// Driver version as NVML says; "" without one.
std::string driver_version();

/// `threads`, or as many as there are cores for 0.
std::int64_t resolve_threads(std::int64_t threads);

/// While it lives, torch's operators on the CPU use so many threads (0: all cores) where the thread
/// that made it calls them. Other threads of the process have their own counts, which stay.
class ThreadScope {
 public:
  explicit ThreadScope(std::int64_t threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

}  // namespace omniq::model
